/* Numbers as text, whatever the locale. */
#include "base/format.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

/* Of this thread, until it is given back. */
static locale_t begin_c(locale_t *c)
{
    *c = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* allocates nothing */
    return uselocale(*c);
}

static void end_c(locale_t c, locale_t before)
{
    uselocale(before);
    if (c) {
        freelocale(c);
    }
}

int tx_format_list(char *text, size_t size, const char *format, va_list arguments)
{
    locale_t c;
    const locale_t before = begin_c(&c);
    const int length = vsnprintf(text, size, format, arguments);
    end_c(c, before);
    return length;
}

int tx_format(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = tx_format_list(text, size, format, arguments);
    va_end(arguments);
    return length;
}

double tx_scan_real(const char *text, char **end)
{
    locale_t c;
    const locale_t before = begin_c(&c);
    const double value = strtod(text, end);
    end_c(c, before);
    return value;
}
