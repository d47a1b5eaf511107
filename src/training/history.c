#include "training/history.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "training/decimal.h"

/* Text is formed and written in pieces of this size. */
enum { TEXT_SIZE = 1 << 16 };

tx_status tx_history_create(tx_precision precision, int64_t minibatches, int num_columns, const char *const *names, tx_error *error,
                            tx_history **out)
{
    tx_history *history;
    TX_TRY(tx_allocate(sizeof *history, error, &history));
    *history =
        (tx_history){.precision = precision, .minibatches = minibatches, .num_columns = num_columns, .names = names, .file = -1};
    const tx_status status = tx_allocate(TEXT_SIZE, error, &history->text);
    if (status != TX_OK) {
        tx_history_destroy(history);
        return status;
    }
    *out = history;
    return TX_OK;
}

void tx_history_destroy(tx_history *history)
{
    if (history) {
        if (history->file >= 0) {
            close(history->file);
        }
        tx_free(history->steps);
        tx_free(history->present);
        tx_free(history->values);
        tx_free(history->path);
        tx_free(history->text);
        tx_free(history);
    }
}

static tx_status reserve(tx_history *history, tx_error *error)
{
    const size_t rows = (size_t)history->count + 1, width = (size_t)history->num_columns + 1;
    size_t capacity = history->row_capacity;
    TX_TRY(tx_reserve(rows, sizeof(int64_t), &capacity, error, &history->steps));
    TX_TRY(tx_reserve(rows, sizeof(int64_t), &history->row_capacity, error, &history->present));
    return tx_reserve(rows * width, sizeof(double), &history->value_capacity, error, &history->values);
}

tx_status tx_history_add(tx_history *history, int64_t step, int64_t present, const double *values, tx_error *error)
{
    TX_TRY(reserve(history, error));
    const int width = history->num_columns + 1;
    double *row = history->values + history->count * width;
    for (int k = 0; k < width; k++) {
        const double value = present >> k & 1 ? values[k] : 0;
        row[k] = history->precision == TX_FLOAT32 ? (double)(float)value : value;
    }
    history->steps[history->count] = step;
    history->present[history->count] = present;
    history->count++;
    return TX_OK;
}

static tx_status write_failed(const tx_history *history, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "cannot write %s: %s", history->path, strerror(errno));
}

static tx_status write_text(tx_history *history, size_t size, tx_error *error)
{
    size_t done = 0;
    while (done < size) {
        const ssize_t n = write(history->file, history->text + done, size - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n == 0 ? ENOSPC : errno;
            const tx_status status = write_failed(history, error);
            (void)!ftruncate(history->file, history->bytes);
            return status;
        }
        done += (size_t)n;
    }
    history->bytes += (int64_t)size;
    return TX_OK;
}

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

static char *write_row(const tx_history *history, int64_t row, char *out)
{
    const int digits = history->precision == TX_FLOAT32 ? 9 : 17;
    const double *values = history->values + row * (history->num_columns + 1);
    const int64_t step = history->steps[row];
    out = write_integer(out, step);
    *out++ = ',';
    out = write_integer(out, step / history->minibatches);
    *out++ = ',';
    out = write_integer(out, step % history->minibatches);
    for (int k = 0; k <= history->num_columns; k++) {
        *out++ = ',';
        if (history->present[row] >> k & 1) {
            out += tx_decimal_write(out, values[k], digits);
        }
    }
    *out++ = '\n';
    return out;
}

tx_status tx_history_flush(tx_history *history, tx_error *error)
{
    const size_t longest = (size_t)(history->num_columns + 4) * TX_DECIMAL_SIZE;
    while (history->file >= 0 && history->written < history->count) {
        char *end = history->text;
        int64_t row = history->written;
        while (row < history->count && (size_t)(end - history->text) + longest <= TEXT_SIZE) {
            end = write_row(history, row++, end);
        }
        TX_TRY(write_text(history, (size_t)(end - history->text), error));
        history->written = row;
    }
    return TX_OK;
}

static tx_status write_header(tx_history *history, tx_error *error)
{
    static const char start[] = "step,epoch,batch,loss";
    size_t size = sizeof start - 1;
    memcpy(history->text, start, size);
    for (int k = 0; k < history->num_columns; k++) {
        const size_t length = strlen(history->names[k]);
        if (size + length + 2 > TEXT_SIZE) {
            return tx_error_set(error, TX_INVALID, "the callbacks' names are too long for a header line");
        }
        history->text[size++] = ',';
        memcpy(history->text + size, history->names[k], length);
        size += length;
    }
    history->text[size++] = '\n';
    return write_text(history, size, error);
}

tx_status tx_history_open(tx_history *history, const char *path, tx_error *error)
{
    TX_TRY(tx_duplicate(path, error, &history->path));
    history->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (history->file < 0) {
        return write_failed(history, error);
    }
    history->bytes = history->written = 0;
    TX_TRY(write_header(history, error));
    return tx_history_flush(history, error);
}

int64_t tx_history_num_losses(const tx_history *history)
{
    int64_t count = 0;
    for (int64_t row = 0; row < history->count; row++) {
        count += history->present[row] & 1;
    }
    return count;
}

void tx_history_losses(const tx_history *history, void *out)
{
    int64_t count = 0;
    for (int64_t row = 0; row < history->count; row++) {
        if (history->present[row] & 1) {
            const double loss = history->values[row * (history->num_columns + 1)];
            if (history->precision == TX_FLOAT32) {
                ((float *)out)[count++] = (float)loss;
            } else {
                ((double *)out)[count++] = loss;
            }
        }
    }
}
