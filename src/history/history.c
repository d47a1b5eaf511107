/* The rows of history.csv: a few in memory, all in files, and none twice. */
#include "history/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/decimal.h"
#include "base/memory.h"
#include "base/real.h"
#include "base/text.h"
#include "file/atomic.h"
#include "file/seal.h"

/* Text is formed and written in pieces of this size, rows are kept up to this size. */
enum { TEXT_SIZE = 1 << 14, ROWS_SIZE = 1 << 14 };

/* ---- Creation ---- */

tx_status tx_history_header(int num_columns, const char *const *names, tx_error *error, char **out)
{
    tx_text text = {0};
    tx_status status = tx_text_add(&text, error, "step,epoch,batch,loss");
    for (int k = 0; k < num_columns && status == TX_OK; k++) {
        status = tx_text_add(&text, error, ",%s", names[k]);
    }
    status = status ? status : tx_text_add(&text, error, "\n");
    if (status != TX_OK) {
        tx_free(text.data);
        return status;
    }
    *out = text.data;
    return TX_OK;
}

static size_t row_bytes(int num_columns)
{
    return sizeof(tx_history_row) + ((size_t)num_columns + 1) * sizeof(double);
}

size_t tx_history_bytes(int num_columns)
{
    return sizeof(tx_history) + TEXT_SIZE + (size_t)2 * ROWS_SIZE / row_bytes(num_columns) * row_bytes(num_columns);
}

static tx_status allocate(tx_history *history, const char *header, const char *path, tx_error *error)
{
    TX_TRY(tx_duplicate(header, error, &history->header));
    TX_TRY(tx_duplicate(path, error, &history->path));
    TX_TRY(tx_allocate(TEXT_SIZE, error, &history->text));
    TX_TRY(tx_allocate_array((size_t)history->capacity, history->row_bytes, error, &history->latest));
    return tx_allocate_array((size_t)history->capacity, history->row_bytes, error, &history->earlier);
}

tx_status tx_history_create(tx_precision precision, int64_t minibatches, int num_columns, const char *header, const char *path,
                            tx_error *error, tx_history **out)
{
    tx_history *history;
    TX_TRY(tx_allocate(sizeof *history, error, &history));
    *history = (tx_history){.precision = precision,
                            .minibatches = minibatches,
                            .num_columns = num_columns,
                            .row_bytes = row_bytes(num_columns),
                            .capacity = (int64_t)(ROWS_SIZE / row_bytes(num_columns)),
                            .spill = -1,
                            .file = -1};
    const tx_status status = allocate(history, header, path, error);
    if (status != TX_OK) {
        tx_history_destroy(history);
        return status;
    }
    *out = history;
    return TX_OK;
}

static void close_file(int *file)
{
    if (*file >= 0) {
        close(*file);
    }
    *file = -1;
}

void tx_history_destroy(tx_history *history)
{
    if (history) {
        close_file(&history->file);
        close_file(&history->spill);
        tx_free(history->header);
        tx_free(history->latest);
        tx_free(history->earlier);
        tx_free(history->path);
        tx_free(history->text);
        tx_free(history);
    }
}

/* ---- Rows ---- */

static tx_status write_failed(const tx_history *history, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "cannot write %s: %s", history->path, strerror(errno));
}

/* Rows that have no more room here. */
static tx_status spill(tx_history *history, tx_error *error)
{
    const int64_t row_size = (int64_t)history->row_bytes;
    const size_t size = (size_t)(history->count - history->spilled) * history->row_bytes;
    history->spill = history->spill < 0 ? tx_unnamed_open_beside(history->path) : history->spill;
    if (history->spill < 0 || !tx_write_at(history->spill, history->latest, size, history->spilled * row_size)) {
        return write_failed(history, error);
    }
    history->spilled = history->count;
    return TX_OK;
}

tx_status tx_history_add(tx_history *history, int64_t step, int64_t present, const double *values, tx_error *error)
{
    if (history->count - history->spilled == history->capacity) {
        TX_TRY(spill(history, error));
    }
    tx_history_row *row = (void *)(history->latest + (size_t)(history->count - history->spilled) * history->row_bytes);
    row->step = step;
    row->present = present;
    for (int k = 0; k <= history->num_columns; k++) {
        const double value = present >> k & 1 ? values[k] : 0;
        row->values[k] = tx_real_round(history->precision, value);
    }
    history->num_losses += present & 1;
    history->count++;
    return TX_OK;
}

static const tx_history_row *row_at(const tx_history *history, const char *rows, int64_t k)
{
    return (const void *)(rows + (size_t)k * history->row_bytes);
}

/* The rows from `first` (of those that there are) on that lie together: *count of them, at most `most`. */
static tx_status get_rows(const tx_history *history, int64_t first, int64_t most, tx_error *error, const char **rows,
                          int64_t *count)
{
    const bool here = first >= history->spilled;
    int64_t n = (here ? history->count : history->spilled) - first;
    n = n < most ? n : most;
    n = n < history->capacity ? n : history->capacity;
    if (!here &&
        !tx_read_at(history->spill, history->earlier, (size_t)n * history->row_bytes, first * (int64_t)history->row_bytes)) {
        return tx_error_set(error, TX_BAD_DATA, "cannot read what was kept for %s: %s", history->path,
                            errno ? strerror(errno) : "it is cut off");
    }
    *rows = here ? history->latest + (size_t)(first - history->spilled) * history->row_bytes : history->earlier;
    *count = n;
    return TX_OK;
}

/* ---- Text ---- */

static char *write_integer(char *out, int64_t value)
{
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (count > 0) {
        *out++ = digits[--count];
    }
    return out;
}

static char *write_row(const tx_history *history, const tx_history_row *row, char *out)
{
    const int digits = history->precision == TX_FLOAT32 ? 9 : 17;
    out = write_integer(out, row->step);
    *out++ = ',';
    out = write_integer(out, row->step / history->minibatches);
    *out++ = ',';
    out = write_integer(out, row->step % history->minibatches);
    for (int k = 0; k <= history->num_columns; k++) {
        *out++ = ',';
        if (row->present >> k & 1) {
            out += tx_decimal_write(out, row->values[k], digits);
        }
    }
    *out++ = '\n';
    return out;
}

/* The text of rows from `first` on, as many as fit; *count of them. */
static tx_status form_text(const tx_history *history, int64_t first, tx_error *error, int64_t *count, size_t *size)
{
    const size_t longest = (size_t)(history->num_columns + 4) * TX_DECIMAL_SIZE;
    const char *rows;
    char *end = history->text;
    TX_TRY(get_rows(history, first, (int64_t)(TEXT_SIZE / longest), error, &rows, count));
    for (int64_t k = 0; k < *count; k++) {
        end = write_row(history, row_at(history, rows, k), end);
    }
    *size = (size_t)(end - history->text);
    return TX_OK;
}

/* ---- history.csv ---- */

static tx_status append(tx_history *history, const char *text, size_t size, tx_error *error)
{
    if (!tx_write_at(history->file, text, size, history->bytes)) {
        const tx_status status = write_failed(history, error);
        (void)!ftruncate(history->file, history->bytes);
        return status;
    }
    history->bytes += (int64_t)size;
    return TX_OK;
}

static tx_status append_rows(tx_history *history, tx_error *error)
{
    while (history->written < history->count) {
        int64_t count;
        size_t size;
        TX_TRY(form_text(history, history->written, error, &count, &size));
        TX_TRY(append(history, history->text, size, error));
        history->written += count;
    }
    return TX_OK;
}

tx_status tx_history_open(tx_history *history, tx_error *error)
{
    close_file(&history->file);
    if (unlink(history->path) == 0 || errno == ENOENT) {
        history->file = open(history->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    }
    if (history->file < 0) {
        return write_failed(history, error);
    }
    history->bytes = history->written = 0;
    TX_TRY(append(history, history->header, strlen(history->header), error));
    return append_rows(history, error);
}

/* Is what stands there still the file that was written? */
static bool is_untouched(const tx_history *history)
{
    struct stat ours, found;
    return fstat(history->file, &ours) == 0 && lstat(history->path, &found) == 0 && ours.st_dev == found.st_dev &&
           ours.st_ino == found.st_ino && found.st_size == history->bytes;
}

tx_status tx_history_flush(tx_history *history, tx_error *error)
{
    return is_untouched(history) ? append_rows(history, error) : tx_history_open(history, error);
}

/* The next `size` bytes of the file are these. */
static bool continues(FILE *file, const char *text, size_t size)
{
    char found[512];
    for (size_t done = 0, n; done < size; done += n) {
        n = size - done < sizeof found ? size - done : sizeof found;
        if (fread(found, 1, n, file) != n || memcmp(found, text + done, n) != 0) {
            return false;
        }
    }
    return true;
}

static tx_status compare(const tx_history *history, FILE *file, tx_error *error, bool *out)
{
    int64_t count;
    size_t size;
    *out = continues(file, history->header, strlen(history->header));
    for (int64_t row = 0; *out && row < history->count; row += count) {
        TX_TRY(form_text(history, row, error, &count, &size));
        *out = continues(file, history->text, size);
    }
    *out = *out && fgetc(file) == EOF;
    return TX_OK;
}

tx_status tx_history_restore(tx_history *history, tx_error *error)
{
    bool good = false;
    const int descriptor = open(history->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "r");
    if (file) {
        const tx_status status = compare(history, file, error, &good);
        fclose(file);
        TX_TRY(status);
    }
    return good ? TX_OK : tx_history_open(history, error);
}

/* ---- Into other files: what they ask for, piece after piece ---- */

static int64_t step_of(const tx_history_row *row)
{
    return row->step;
}
static int64_t present_of(const tx_history_row *row)
{
    return row->present;
}

static tx_status read_integers(const tx_history *history, int64_t first, int64_t count, int64_t (*of)(const tx_history_row *),
                               int64_t *out, tx_error *error)
{
    const char *rows;
    for (int64_t n, end = first + count; first < end; first += n) {
        TX_TRY(get_rows(history, first, end - first, error, &rows, &n));
        for (int64_t k = 0; k < n; k++) {
            *out++ = of(row_at(history, rows, k));
        }
    }
    return TX_OK;
}

static tx_status read_steps(void *user, int64_t first, int64_t count, void *out, tx_error *error)
{
    return read_integers(user, first, count, step_of, out, error);
}

static tx_status read_present(void *user, int64_t first, int64_t count, void *out, tx_error *error)
{
    return read_integers(user, first, count, present_of, out, error);
}

static tx_status read_values(void *user, int64_t first, int64_t count, void *data, tx_error *error)
{
    const tx_history *history = user;
    const size_t width = (size_t)history->num_columns + 1;
    const char *rows;
    double *out = data;
    for (int64_t n, end = first + count; first < end; first += n) {
        TX_TRY(get_rows(history, first, end - first, error, &rows, &n));
        for (int64_t k = 0; k < n; k++, out += width) {
            memcpy(out, row_at(history, rows, k)->values, width * sizeof *out);
        }
    }
    return TX_OK;
}

static void put_loss(tx_precision precision, double loss, int64_t k, void *out)
{
    tx_real_put(precision, out, k, loss);
}

/* They are asked for in order: the rows of earlier ones are behind. */
static tx_status read_losses(void *user, int64_t first, int64_t count, void *out, tx_error *error)
{
    tx_history *history = user;
    const char *rows;
    history->loss_row = first ? history->loss_row : 0;
    for (int64_t done = 0, n; done < count;) {
        TX_TRY(get_rows(history, history->loss_row, history->capacity, error, &rows, &n));
        for (int64_t k = 0; k < n && done < count; k++, history->loss_row++) {
            const tx_history_row *row = row_at(history, rows, k);
            if (row->present & 1) {
                put_loss(history->precision, row->values[0], done++, out);
            }
        }
    }
    return TX_OK;
}

tx_status tx_history_put_losses(tx_history *history, tx_file *file, tx_error *error)
{
    const tx_file_source losses = {.read = read_losses, .user = history};
    return tx_file_stream_reals(file, "/history/loss", 1, &history->num_losses, history->precision, losses, error);
}

tx_status tx_history_put(tx_history *history, tx_file *file, tx_error *error)
{
    const int64_t size[2] = {history->count, history->num_columns + 1};
    const tx_file_source steps = {.read = read_steps, .user = history}, present = {.read = read_present, .user = history},
                         values = {.read = read_values, .user = history};
    TX_TRY(tx_file_stream_integers(file, "/history/step", 1, size, steps, error));
    TX_TRY(tx_file_stream_integers(file, "/history/present", 1, size, present, error));
    TX_TRY(tx_file_stream_reals(file, "/history/values", 2, size, TX_FLOAT64, values, error));
    TX_TRY(tx_file_set_text(file, "/history", "header", history->header, error));
    return tx_file_set_integer(file, "/history", "minibatches", history->minibatches, error);
}
