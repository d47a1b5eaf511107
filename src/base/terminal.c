/* What the screen can show. */
#include "base/terminal.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/number.h"

int tx_terminal_columns(int descriptor)
{
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    const char *text = getenv("COLUMNS");
    int64_t columns;
    return text && tx_parse_integer(text, &columns) && columns > 0 && columns < 10000 ? (int)columns : 0;
}
