/* A text that grows. */
#include "component/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/escape.h"
#include "base/format.h"
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
    const int length = tx_format_list(NULL, 0, format, arguments);
    va_end(arguments);
    if (make_room(text, (size_t)length)) {
        tx_format_list(text->data + text->length, (size_t)length + 1, format, again);
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
    tx_escape(text, quoted.text, sizeof quoted.text);
    return quoted;
}

/* ---- Lines for a terminal ---- */

static bool continues(char c) /* a character of UTF-8 that began before */
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Columns that a terminal shows. */
static size_t shown_width(const char *text, size_t length)
{
    size_t width = 0;
    for (size_t i = 0; i < length; i++) {
        width += !continues(text[i]);
    }
    return width;
}

/* The next piece that is not broken, without the blanks behind it: a word, or what ends with '|' or ';' inside one, but not
 * with the ';' before a number (mean_fourier_nRMSE;0;5;0). */
static size_t piece_length(const char *text)
{
    size_t length = strcspn(text, " |;");
    while (text[length] == ';' && text[length + 1] >= '0' && text[length + 1] <= '9') {
        length += 1 + strcspn(text + length + 1, " |;");
    }
    return length + (text[length] == '|' || text[length] == ';');
}

static size_t prefix_length(const char *text, size_t width)
{
    size_t length = 0;
    for (size_t used = 0; text[length] && used + !continues(text[length]) <= width; length++) {
        used += !continues(text[length]);
    }
    return length;
}

/* As many bytes of `text` as a line of `width` > 0 columns takes. */
static size_t line_length(const char *text, size_t width)
{
    size_t length = 0, used = 0;
    while (text[length]) {
        const size_t blanks = strspn(text + length, " "), piece = piece_length(text + length + blanks);
        used += blanks + shown_width(text + length + blanks, piece);
        if (used > width) {
            return length ? length : prefix_length(text, width);
        }
        length += blanks + piece;
    }
    return length;
}

/* Cuts a line off *rest. */
static size_t cut_line(const char **rest, size_t width)
{
    const size_t length = line_length(*rest, width);
    *rest += length;
    *rest += strspn(*rest, " ");
    return length;
}

void tx_buffer_wrap(tx_buffer *text, int width, size_t at, size_t hang, const char *words)
{
    const char *rest = words + strspn(words, " ");
    while (*rest) {
        const char *line = rest;
        const size_t length = cut_line(&rest, width == 0 ? SIZE_MAX : (size_t)width > at ? (size_t)width - at : 1);
        tx_buffer_add(text, "%.*s", (int)length, line);
        if (*rest) {
            tx_buffer_add(text, "\n");
            tx_buffer_pad(text, hang);
            at = hang;
        }
    }
}

/* ---- Tables ---- */

enum { MAX_COLUMNS = 8, LEAST_TEXT = 20, HANG = 4 };

typedef struct table {
    const char *indent;
    size_t rows, columns;
    const char *const *cells;
    size_t widths[MAX_COLUMNS];
} table;

static size_t longest_piece(const char *cell)
{
    size_t longest = 0;
    for (cell += strspn(cell, " "); *cell; cell += strspn(cell, " ")) {
        const size_t length = piece_length(cell), width = shown_width(cell, length);
        longest = width > longest ? width : longest;
        cell += length;
    }
    return longest;
}

/* How wide a column likes to be, and how narrow it may become. */
static void measure_column(table *t, size_t column, size_t *floor)
{
    size_t widest = 0, narrowest = 0;
    for (size_t row = 0; row < t->rows; row++) {
        const char *cell = t->cells[row * t->columns + column];
        const size_t width = shown_width(cell, strlen(cell)), piece = longest_piece(cell);
        widest = width > widest ? width : widest;
        narrowest = piece > narrowest ? piece : narrowest;
    }
    const size_t least = column + 1 < t->columns ? 0 : widest < LEAST_TEXT ? widest : LEAST_TEXT;
    t->widths[column] = widest;
    *floor = narrowest > least ? narrowest : least;
}

static size_t table_width(const table *t)
{
    size_t width = strlen(t->indent);
    bool first = true;
    for (size_t column = 0; column < t->columns; column++) {
        width += t->widths[column] ? t->widths[column] + (first ? 0 : 2) : 0;
        first = first && !t->widths[column];
    }
    return width;
}

/* Whether the columns fit into `width`, the widest of them made narrower where it must be. */
static bool fit_columns(table *t, int width)
{
    size_t floors[MAX_COLUMNS];
    for (size_t column = 0; column < t->columns; column++) {
        measure_column(t, column, &floors[column]);
    }
    while (width && table_width(t) > (size_t)width) {
        size_t widest = t->columns;
        for (size_t column = 0; column < t->columns; column++) {
            const bool wider = widest == t->columns || t->widths[column] > t->widths[widest];
            widest = t->widths[column] > floors[column] && wider ? column : widest;
        }
        if (widest == t->columns) {
            return false;
        }
        t->widths[widest]--;
    }
    return true;
}

/* One line of a row; what is left of its cells stays in `rests`. */
static void add_line(tx_buffer *text, const table *t, const char **rests)
{
    size_t gap = 0;
    tx_buffer_add(text, "%s", t->indent);
    for (size_t column = 0; column < t->columns; column++) {
        const char *line = rests[column];
        const size_t length = *line ? cut_line(&rests[column], t->widths[column]) : 0;
        if (length) {
            tx_buffer_pad(text, gap);
            tx_buffer_add(text, "%.*s", (int)length, line);
            gap = 0;
        }
        gap += t->widths[column] ? t->widths[column] - shown_width(line, length) + 2 : 0;
    }
    tx_buffer_add(text, "\n");
}

static void add_row(tx_buffer *text, const table *t, const char *const *cells)
{
    const char *rests[MAX_COLUMNS];
    bool more = true;
    memcpy(rests, cells, t->columns * sizeof *rests);
    while (more) {
        add_line(text, t, rests);
        more = false;
        for (size_t column = 0; column < t->columns; column++) {
            more = more || *rests[column];
        }
    }
}

/* A row as two paragraphs: the cells before the last, and the last. */
static void add_paragraphs(tx_buffer *text, const table *t, int width, const char *const *cells)
{
    tx_buffer head = {.error = text->error};
    const size_t at = strlen(t->indent), last = t->columns - 1;
    for (size_t column = 0; column < last; column++) {
        tx_buffer_add(&head, "%s%s", *cells[column] && head.length ? "  " : "", cells[column]);
    }
    tx_buffer_add(text, "%s", t->indent);
    tx_buffer_wrap(text, width, at, at + HANG, head.data ? head.data : "");
    tx_free(head.data);
    if (*cells[last]) {
        tx_buffer_add(text, "\n");
        tx_buffer_pad(text, at + HANG);
        tx_buffer_wrap(text, width, at + HANG, at + HANG, cells[last]);
    }
    tx_buffer_add(text, "\n");
    text->status = text->status == TX_OK ? head.status : text->status;
}

void tx_buffer_table(tx_buffer *text, const char *indent, int width, size_t rows, size_t columns, const char *const *cells)
{
    table t = {.indent = indent, .rows = rows, .columns = columns, .cells = cells};
    const bool fits = fit_columns(&t, width);
    for (size_t row = 0; row < rows; row++) {
        if (fits) {
            add_row(text, &t, &cells[row * columns]);
        } else {
            add_paragraphs(text, &t, width, &cells[row * columns]);
        }
    }
}
