/* An exact sum of doubles: an integer of 66 * 32 bits in units of 2^-1074, the smallest double, held as 64-bit words that
 * weigh 2^(32k - 1074) each, so that carries can wait. Integers add in any order: on threads, and across ranks as a sum of
 * words. The last word counts terms that are not finite: a 21-bit field each for NaN, inf and -inf. */
#pragma once

#include <stdint.h>

enum { TX_SUPER_DIGITS = 66, TX_SUPER_WORDS = TX_SUPER_DIGITS + 1 };

typedef struct tx_super {
    int64_t *words;  /* TX_SUPER_WORDS of them, zero outside of [low, high) */
    int low, high;   /* which digits may be non-zero */
    int32_t pending; /* terms since the last carry */
} tx_super;

/* Empties an accumulator (its words zero at the very first use). */
void tx_super_clear(tx_super *super);
void tx_super_add(tx_super *super, double term);
/* Adds another accumulator of the same rank. */
void tx_super_merge(tx_super *super, tx_super *other);
/* After it the words of up to 2^21 accumulators may be added, one by one, by others who then call `touched`. */
void tx_super_carry(tx_super *super);
void tx_super_touched(tx_super *super); /* any word may have changed from outside */
/* The sum, rounded once; NaN or infinite where a term was. Carries. */
double tx_super_value(tx_super *super);
