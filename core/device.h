/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DM510_DEVICE_H
#define _DM510_DEVICE_H

int msgbox_device_create(void);
void msgbox_device_remove(void);

#endif /* _DM510_DEVICE_H */
