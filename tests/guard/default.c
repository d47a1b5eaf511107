/* Linked into a test: whatever it plans runs on the guard. */
#include "guard/guard.h"

__attribute__((constructor)) static void choose(void)
{
    tx_backend_default = &guard_class;
}

/* A test of nothing otherwise. */
__attribute__((destructor)) static void check(void)
{
    guard_check_used();
}
