/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _NOTHING_H
#define _NOTHING_H

void do_nothing(void);

#endif /* _NOTHING_H */
