/* Boxes within boxes. */
#include "file/cells.h"

#include <string.h>

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What an axis of the box is cut into, beside each other; cells are counted from the dataset's beginning. */
static int64_t across(const tx_cells *cells, int axis)
{
    return (cells->end[axis] - 1) / cells->size[axis] - cells->first[axis] / cells->size[axis] + 1;
}

/* Of the box; no more than it has. */
static int64_t numbers_of_cell(const tx_cells *cells)
{
    int64_t numbers = 1;
    for (int a = 0; a < cells->rank; a++) {
        numbers *= least(cells->size[a], cells->end[a] - cells->first[a]);
    }
    return numbers;
}

tx_cells tx_cells_begin(int rank, const int64_t *chunk, const int64_t *first, const int64_t *count, int64_t most)
{
    tx_cells cells = {.rank = rank, .more = true};
    for (int a = 0; a < rank; a++) {
        cells.first[a] = first[a];
        cells.end[a] = first[a] + count[a];
        cells.size[a] = chunk[a];
    }
    for (int a = rank - 1; a >= 0; a--) {
        while (across(&cells, a) > 1 && numbers_of_cell(&cells) <= most / 2) {
            cells.size[a] *= 2;
        }
        if (across(&cells, a) > 1) {
            break;
        }
    }
    for (int a = 0; a < rank; a++) {
        cells.at[a] = first[a] / cells.size[a] * cells.size[a];
    }
    return cells;
}

static bool advance(tx_cells *cells)
{
    for (int a = cells->rank - 1; a >= 0; a--) {
        cells->at[a] += cells->size[a];
        if (cells->at[a] < cells->end[a]) {
            return true;
        }
        cells->at[a] = cells->first[a] / cells->size[a] * cells->size[a];
    }
    return false;
}

bool tx_cells_next(tx_cells *cells, int64_t *first, int64_t *count)
{
    if (!cells->more) {
        return false;
    }
    for (int a = 0; a < cells->rank; a++) {
        first[a] = cells->at[a] > cells->first[a] ? cells->at[a] : cells->first[a];
        count[a] = least(cells->at[a] + cells->size[a], cells->end[a]) - first[a];
    }
    cells->more = advance(cells);
    return true;
}

bool tx_cells_are_dense(const tx_cells *cells)
{
    int axis = 0;
    while (axis < cells->rank && (cells->size[axis] == 1 || cells->end[axis] - cells->first[axis] == 1)) {
        axis++;
    }
    for (axis++; axis < cells->rank; axis++) {
        if (across(cells, axis) > 1) {
            return false;
        }
    }
    return true;
}

bool tx_part_is_dense(int rank, const int64_t *part, const int64_t *box)
{
    int axis = 0;
    while (axis < rank && part[axis] == 1) {
        axis++;
    }
    for (axis++; axis < rank; axis++) {
        if (part[axis] != box[axis]) {
            return false;
        }
    }
    return true;
}

void tx_part_put(int rank, const int64_t *part, const int64_t *place, const int64_t *box, size_t bytes, const void *from, void *to)
{
    size_t inner = bytes, piece = bytes;
    for (int a = 1; a < rank; a++) {
        inner *= (size_t)box[a];
        piece *= (size_t)part[a];
    }
    char *out = (char *)to + (size_t)place[0] * inner;
    if (inner == piece) {
        memcpy(out, from, (size_t)part[0] * piece);
        return;
    }
    for (int64_t k = 0; k < part[0]; k++, out += inner) {
        tx_part_put(rank - 1, part + 1, place + 1, box + 1, bytes, (const char *)from + (size_t)k * piece, out);
    }
}
