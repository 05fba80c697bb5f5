/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DM510_NAMESPACE_END_H
#define _DM510_NAMESPACE_END_H

int namespace_end_watch(void);
void namespace_end_unwatch(void);

#endif /* _DM510_NAMESPACE_END_H */
