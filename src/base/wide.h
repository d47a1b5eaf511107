/* Loops over many bytes, compiled twice: for vectors of 32 bytes where the machine has them, and for any machine. The loop itself
 * is an always-inline function that both call; the compiler makes vectors of it where it knows how long it is. */
#pragma once

#define TX_LOOP static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define TX_WIDE static __attribute__((target("avx2")))
#define TX_IS_WIDE __builtin_cpu_supports("avx2")
#else
#define TX_WIDE static
#define TX_IS_WIDE 0
#endif
