/* Real numbers as text, as printf's %.<digits>g writes them, several times faster and whatever the locale. */
#pragma once

enum { TX_DECIMAL_SIZE = 32 };

/* digits: 1 to 17. Writes at most TX_DECIMAL_SIZE characters without a terminator; returns how many. */
int tx_decimal_write(char *out, double value, int digits);
