/*
 * A C program to watch: counts primes and reports through wmon.h.
 * Usage: primes [LIMIT]; prints how many primes there are up to LIMIT (default 100000).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../assembly/guest/wmon.h"

static int is_prime(uint32_t number) {
  for (uint32_t divisor = 2; divisor <= number / divisor; divisor++) {
    if (number % divisor == 0) return 0;
  }
  return number > 1;
}

/* Registers `primes_tested_total{result}`; the handle of one result. */
static int32_t tested(int32_t family, const char *result) {
  uint8_t buffer[64];
  return wmon_series_of(family, buffer, sizeof buffer, &result, 1);
}

int main(int argument_count, char **arguments) {
  uint32_t limit = argument_count > 1 ? (uint32_t)strtoul(arguments[1], NULL, 10) : 100000;
  const char *label = "result";
  uint8_t buffer[256];
  int32_t family = wmon_family(buffer, sizeof buffer, WMON_FLOAT_COUNTER, "primes_tested_total",
                               "Numbers that were tested.", &label, 1, NULL, 0);
  int32_t prime = tested(family, "prime");
  int32_t composite = tested(family, "composite");
  int32_t largest = wmon_single(WMON_FLOAT_GAUGE, "primes_largest", "The largest prime so far.");
  int32_t log = wmon_log_named("primes");

  uint32_t found = 0;
  for (uint32_t number = 0; number <= limit && number < UINT32_MAX; number++) {
    if (!is_prime(number)) {
      wmon_counter_add(composite, 1);
      continue;
    }
    found++;
    wmon_counter_add(prime, 1);
    wmon_gauge_set(largest, number);
    if (wmon_log_passes(log, WMON_DEBUG)) {
      char text[32];
      snprintf(text, sizeof text, "found %u", (unsigned)number);
      wmon_log_text(log, WMON_DEBUG, text);
    }
  }
  wmon_log_text(log, WMON_INFO, "done");
  printf("%u primes up to %u\n", (unsigned)found, (unsigned)limit);
  return family < 0 ? 1 : 0;
}
