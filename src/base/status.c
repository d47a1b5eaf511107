/* Statuses and their messages. */
#include "trainax/status.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/escape.h"
#include "base/format.h"

#undef tx_error_set /* what stands in for it under the analyzer */

/* Whatever goes into a message: it is one line of whole characters. */
static void write_line(char *out, size_t size, const char *format, va_list arguments)
{
    char whole[4 * TX_MESSAGE_SIZE];
    tx_format_list(whole, sizeof whole, format, arguments);
    tx_escape(whole, out, size);
}

tx_status tx_error_set(tx_error *error, tx_status status, const char *format, ...)
{
    if (error && error->status == TX_OK) {
        va_list arguments;
        error->status = status;
        va_start(arguments, format);
        write_line(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return status;
}

tx_status tx_error_prefix(tx_error *error, const char *format, ...)
{
    if (!error) {
        return TX_FAILURE;
    }
    char prefix[TX_MESSAGE_SIZE], whole[2 * TX_MESSAGE_SIZE + 4];
    va_list arguments;
    va_start(arguments, format);
    write_line(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    snprintf(whole, sizeof whole, "%s: %s", prefix, error->message);
    tx_escape(whole, error->message, sizeof error->message);
    return error->status;
}

void tx_log_write(const tx_log *log, tx_log_level level, const char *format, ...)
{
    if (!log || !log->write) {
        return;
    }
    char line[2 * TX_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    write_line(line, sizeof line, format, arguments);
    va_end(arguments);
    log->write(log->user, level, line);
}
