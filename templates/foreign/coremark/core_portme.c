/* CoreMark without a clock. Its main is called by ours, which ends with status 0 if CoreMark has found its checksums to be right. */
#undef main
#include "coremark.h"

volatile ee_s32 seed1_volatile = 0, seed2_volatile = 0, seed3_volatile = 0x66, seed4_volatile = ITERATIONS, seed5_volatile = 0;
ee_u32 default_num_contexts = 1;
static int validated;

void start_time(void) {}
void stop_time(void) {}
CORE_TICKS get_time(void) { return 10; }
secs_ret time_in_secs(CORE_TICKS ticks) { return ticks; }
void portable_init(core_portable *port, int *count, char *arguments[]) { port->portable_id = 1; }
void portable_fini(core_portable *port) { port->portable_id = 0; }

int ee_printf(const char *format, ...) {
  const char *wanted = "Correct operation validated";
  while (*wanted && *format == *wanted)
    format++, wanted++;
  validated |= !*wanted;
  return 0;
}

int coremark_main(void);
int main(void) {
  coremark_main();
  return !validated;
}
