/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DM510_CALLS_H
#define _DM510_CALLS_H

int msgbox_calls_install(unsigned int put_nr, unsigned int get_nr);
void msgbox_calls_remove(void);

#endif /* _DM510_CALLS_H */
