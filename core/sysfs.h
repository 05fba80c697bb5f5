/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DM510_SYSFS_H
#define _DM510_SYSFS_H

struct msgbox;

int msgbox_sysfs_create(struct msgbox *box);
void msgbox_sysfs_remove(void);

#endif /* _DM510_SYSFS_H */
