/* SPDX-License-Identifier: GPL-2.0 */
/* The processors that the program may use: not always those from 0 on. */
#ifndef BENCH_PROCESSORS_H
#define BENCH_PROCESSORS_H

void find_processors(void);

unsigned int number_of_processors(void);
int first_processor(void);
int last_processor(void);

/* For the calling thread, and what it starts afterwards. */
void move_to_processor(int processor);
void use_all_processors(void);

#endif
