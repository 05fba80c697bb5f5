/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _WIDEN_H
#define _WIDEN_H

#include <linux/linkage.h>

void widen_before(void);
void widen_after(void);
asmlinkage void widen(unsigned long caller);

#endif /* _WIDEN_H */
