#include "training/text.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"

tx_status tx_text_add(tx_text *text, tx_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    TX_TRY(tx_reserve(text->size + (size_t)length + 1, 1, &text->capacity, error, &text->data));
    va_start(arguments, format);
    vsnprintf(text->data + text->size, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->size += (size_t)length;
    return TX_OK;
}
