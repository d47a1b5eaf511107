#include "component/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static bool make_room(tx_buffer *text, size_t more)
{
    if (text->status == TX_OK) {
        text->status = tx_reserve(text->length + more + 1, 1, &text->capacity, text->error, &text->data);
    }
    return text->status == TX_OK;
}

void tx_buffer_add(tx_buffer *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (make_room(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void tx_buffer_pad(tx_buffer *text, size_t count)
{
    tx_buffer_add(text, "%*s", (int)count, "");
}

tx_status tx_buffer_finish(tx_buffer *text, char **out)
{
    if (!make_room(text, 0)) {
        tx_free(text->data);
        return text->status;
    }
    *out = text->data;
    return TX_OK;
}

tx_quoted tx_quote(const char *text)
{
    tx_quoted quoted;
    const size_t limit = sizeof quoted.text - sizeof "…" - 3;
    size_t used = 0;
    for (; *text && used < limit; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c < 32 || c == 127) {
            quoted.text[used++] = '\\';
            quoted.text[used++] = c == '\n' ? 'n' : c == '\t' ? 't' : '?';
        } else {
            quoted.text[used++] = (char)c;
        }
    }
    const bool cut = *text;
    while (cut && used && ((unsigned char)*text & 0xc0) == 0x80) { /* never half a character */
        text--;
        used--;
    }
    strcpy(quoted.text + used, cut ? "…" : "");
    return quoted;
}

/* Columns that a terminal shows: continuation bytes of UTF-8 take none. */
static size_t shown_width(const char *cell)
{
    size_t width = 0;
    for (; *cell; cell++) {
        width += ((unsigned char)*cell & 0xc0) != 0x80;
    }
    return width;
}

static size_t column_width(size_t rows, size_t columns, const char *const *cells, size_t column)
{
    size_t widest = 0;
    for (size_t row = 0; row < rows; row++) {
        const size_t width = shown_width(cells[row * columns + column]);
        widest = width > widest ? width : widest;
    }
    return widest;
}

void tx_buffer_table(tx_buffer *text, const char *indent, size_t rows, size_t columns, const char *const *cells)
{
    for (size_t row = 0; row < rows; row++) {
        size_t gap = 0;
        tx_buffer_add(text, "%s", indent);
        for (size_t column = 0; column < columns; column++) {
            const char *cell = cells[row * columns + column];
            const size_t width = column_width(rows, columns, cells, column);
            if (*cell) {
                tx_buffer_pad(text, gap);
                tx_buffer_add(text, "%s", cell);
                gap = 0;
            }
            gap += width ? width - shown_width(cell) + 2 : 0;
        }
        tx_buffer_add(text, "\n");
    }
}
