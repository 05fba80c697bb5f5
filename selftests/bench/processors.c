// SPDX-License-Identifier: GPL-2.0
#include <sched.h>

#include "processors.h"
#include "report.h"

static cpu_set_t processors;

static void use(const cpu_set_t *set)
{
	if (sched_setaffinity(0, sizeof(*set), set))
		die("moving to another processor");
}

void find_processors(void)
{
	if (sched_getaffinity(0, sizeof(processors), &processors))
		die("the processors");
}

unsigned int number_of_processors(void)
{
	return CPU_COUNT(&processors);
}

int first_processor(void)
{
	int processor = 0;

	while (!CPU_ISSET(processor, &processors))
		processor++;
	return processor;
}

int last_processor(void)
{
	int processor = CPU_SETSIZE - 1;

	while (!CPU_ISSET(processor, &processors))
		processor--;
	return processor;
}

void move_to_processor(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	use(&set);
}

void use_all_processors(void)
{
	use(&processors);
}
