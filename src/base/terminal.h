/* How wide a person's terminal is. */
#pragma once

/* Columns of the terminal behind `descriptor`, asked anew at each call (a window changes its size); where there is no terminal,
 * what COLUMNS in the environment says; 0: unknown, so nothing need be cut or wrapped. */
int tx_terminal_columns(int descriptor);
