/* A text that is put together from formatted pieces. */
#include "base/text.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/format.h"
#include "base/memory.h"

tx_status tx_text_add(tx_text *text, tx_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = tx_format_list(NULL, 0, format, arguments);
    va_end(arguments);
    TX_TRY(tx_reserve(text->size + (size_t)length + 1, 1, &text->capacity, error, &text->data));
    va_start(arguments, format);
    tx_format_list(text->data + text->size, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->size += (size_t)length;
    return TX_OK;
}

void tx_time_write(char out[32])
{
    const time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    const size_t end = strftime(out, 31, "%FT%T%z", &local);
    memmove(out + end - 1, out + end - 2, 3);
    out[end - 2] = ':';
}
