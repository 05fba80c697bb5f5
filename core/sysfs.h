/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DM510_SYSFS_H
#define _DM510_SYSFS_H

int msgbox_sysfs_create(void);
void msgbox_sysfs_remove(void);

#endif /* _DM510_SYSFS_H */
