/* As printf and strtod do it in the C locale, whatever locale the program around this library has set: numbers have points. All
 * text that may hold a number with a fraction goes through here. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

int tx_format(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int tx_format_list(char *text, size_t size, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));
double tx_scan_real(const char *text, char **end); /* also 0x1p3, inf, nan */
