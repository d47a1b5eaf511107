/* Slices of a source: levels of trajectories of their own lengths, in the order that is asked for. */
#include "data/choice.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"

/* Where a slice skips levels or points, boxes of about this size are read and picked from. */
enum { STAGING_BYTES = 8 << 20 };

struct tx_choice {
    const tx_data_shape *whole;                    /* what is chosen from */
    tx_slice samples, levels, points[TX_MAX_AXES]; /* levels: of the longest; where lengths differ, each has its own */
    const char *levels_text;
    int64_t *lengths;
    bool all_points; /* of a level, in their order */
    tx_data_box box; /* the smallest one around the chosen points of a level */
    char *staging;
    size_t staging_bytes;
    int64_t staged_levels; /* how many levels it holds at most */
};

/* ---- Creation ---- */

static tx_status parse(const tx_section *section, const char *option, const char *of, int64_t size, tx_error *error, tx_slice *out)
{
    const char *text = tx_get_string(section, option);
    if (!tx_slice_parse(text, size, out)) {
        return tx_section_error(section, option, error, TX_INVALID,
                                "'%s' is no Python slice (start:stop or start:stop:step, such as \"0:100\", \"::2\", \"-3:\")",
                                text);
    }
    if (!out->count) {
        return tx_section_error(section, option, error, TX_INVALID, "'%s' chooses none of the %" PRId64 " %s", text, size, of);
    }
    return TX_OK;
}

static tx_status parse_all(struct tx_choice *choice, const tx_section *section, tx_error *error)
{
    const tx_shape *state = &choice->whole->state;
    TX_TRY(parse(section, "samples", "trajectories", choice->whole->num_trajectories, error, &choice->samples));
    TX_TRY(parse(section, "levels", "time levels", choice->whole->num_levels, error, &choice->levels));
    choice->levels_text = tx_get_string(section, "levels");
    choice->all_points = true;
    for (int d = 0; d < TX_MAX_AXES; d++) {
        tx_slice *points = &choice->points[d];
        *points = (tx_slice){0, 1, 1};
        if (d < state->axes) {
            TX_TRY(parse(section, "points", "points", state->n[d], error, points));
            choice->all_points = choice->all_points && tx_slice_is_run(points);
        }
        choice->box.first[d] = tx_slice_low(points);
        choice->box.count[d] = tx_slice_extent(points);
    }
    return TX_OK;
}

static tx_slice levels_of(const struct tx_choice *choice, int64_t sample)
{
    tx_slice levels = choice->levels;
    if (choice->whole->lengths) {
        tx_slice_parse(choice->levels_text, choice->whole->lengths[sample], &levels);
    }
    return levels;
}

/* What of the domain's length the chosen points stand for; unknown where that differs between the axes. */
static double chosen_part(const struct tx_choice *choice)
{
    double part = 0.0;
    for (int d = 0; d < choice->whole->state.axes; d++) {
        const tx_slice *slice = &choice->points[d];
        const double here =
            (double)(slice->count * (slice->step < 0 ? -slice->step : slice->step)) / (double)choice->whole->state.n[d];
        if (d && here != part) {
            return 0.0;
        }
        part = here;
    }
    return part;
}

static tx_status choose_lengths(struct tx_choice *choice, const tx_section *section, tx_error *error, int64_t *longest)
{
    *longest = choice->levels.count;
    if (!choice->whole->lengths) {
        return TX_OK;
    }
    TX_TRY(tx_allocate_array((size_t)choice->samples.count, sizeof(int64_t), error, &choice->lengths));
    *longest = 0;
    for (int64_t k = 0; k < choice->samples.count; k++) {
        choice->lengths[k] = levels_of(choice, choice->samples.start + k * choice->samples.step).count;
        *longest = choice->lengths[k] > *longest ? choice->lengths[k] : *longest;
    }
    return *longest ? TX_OK
                    : tx_section_error(section, "levels", error, TX_INVALID, "'%s' chooses no level of any trajectory",
                                       choice->levels_text);
}

static void set_shape(const struct tx_choice *choice, int64_t longest, tx_data_shape *shape)
{
    *shape = *choice->whole;
    shape->num_trajectories = choice->samples.count;
    shape->num_levels = longest;
    shape->lengths = choice->lengths;
    for (int d = 0; d < shape->state.axes; d++) {
        shape->state.n[d] = choice->points[d].count;
    }
    shape->dt *= (double)choice->levels.step;
    shape->domain_extent *= chosen_part(choice);
}

/* How many neighbouring trajectories from the k-th chosen one on have the same levels. */
static int64_t alike(const struct tx_choice *choice, int64_t k)
{
    int64_t count = 1;
    while (choice->samples.step == 1 && k + count < choice->samples.count &&
           (!choice->lengths || choice->lengths[k + count] == choice->lengths[k])) {
        count++;
    }
    return count;
}

/* Is all there that the slices choose, before there is memory for it? Trajectories may be missing between the chosen ones. */
static tx_status check_stored(tx_data_source *source, tx_error *error)
{
    const struct tx_choice *choice = source->choice;
    for (int64_t k = 0, count; source->class_->check && k < choice->samples.count; k += count) {
        const int64_t sample = choice->samples.start + k * choice->samples.step;
        const tx_slice levels = levels_of(choice, sample);
        tx_data_box box = choice->box;
        count = alike(choice, k);
        box.trajectory = sample;
        box.trajectories = count;
        box.level = tx_slice_low(&levels);
        box.levels = tx_slice_extent(&levels);
        TX_TRY(levels.count ? source->class_->check(source, &box, error) : TX_OK);
    }
    return TX_OK;
}

static int64_t box_bytes(const tx_data_source *source)
{
    const struct tx_choice *choice = source->choice;
    int64_t bytes = choice->whole->state.channels * (int64_t)tx_real_bytes(source->setup.random.precision);
    for (int d = 0; d < choice->whole->state.axes; d++) {
        bytes *= choice->box.count[d];
    }
    return bytes;
}

tx_status tx_choice_create(tx_data_source *source, tx_error *error)
{
    struct tx_choice *choice;
    int64_t longest;
    TX_TRY(tx_allocate(sizeof *choice, error, &choice));
    source->choice = choice;
    choice->whole = &source->whole;
    TX_TRY(parse_all(choice, source->section, error));
    if (!source->class_->read_box) { /* it reads whole levels */
        for (int d = 0; d < choice->whole->state.axes; d++) {
            choice->all_points = choice->all_points && choice->points[d].count == choice->whole->state.n[d];
            choice->box.first[d] = 0;
            choice->box.count[d] = choice->whole->state.n[d];
        }
    }
    TX_TRY(choose_lengths(choice, source->section, error, &longest));
    set_shape(choice, longest, &source->shape);
    source->shape.parameter_names = source->parameters.names;
    source->shape.constant_names = source->constants.names;
    source->shape.parameters = source->parameters.count;
    source->shape.constants = source->constants.count * tx_shape_points(&source->shape.state);
    const int64_t most = STAGING_BYTES / box_bytes(source);
    choice->staged_levels = most < 1 ? 1 : most;
    return check_stored(source, error);
}

void tx_choice_destroy(struct tx_choice *choice)
{
    if (choice) {
        tx_free(choice->lengths);
        tx_free(choice->staging);
        tx_free(choice);
    }
}

int64_t tx_choice_samples(const tx_data_source *source)
{
    return source->choice->whole->num_trajectories;
}

int64_t tx_choice_sample(const tx_data_source *source, int64_t trajectory)
{
    return source->choice->samples.start + trajectory * source->choice->samples.step;
}

int64_t tx_choice_level(const tx_data_source *source, int64_t trajectory, int64_t level)
{
    const tx_slice levels = levels_of(source->choice, tx_choice_sample(source, trajectory));
    return levels.start + level * levels.step;
}

/* ---- Reading ---- */

static tx_status read_box(tx_data_source *source, int64_t sample, int64_t samples, int64_t level, int64_t levels, void *out,
                          tx_error *error)
{
    tx_data_box box = source->choice->box;
    if (!source->class_->read_box) {
        return source->class_->read(source, sample * source->choice->whole->num_levels + level, samples * levels, out, error);
    }
    box.trajectory = sample;
    box.trajectories = samples;
    box.level = level;
    box.levels = levels;
    return source->class_->read_box(source, &box, out, error);
}

/* Where the k-th chosen element lies in the box around all chosen ones. */
static int64_t place_in_box(const tx_slice *slice, int64_t low, int64_t k)
{
    return slice->start + k * slice->step - low;
}

/* Picks the chosen points of `channels` fields; `bytes` of a number. Returns the end of what was written. */
static char *pick_points(const struct tx_choice *choice, int64_t channels, size_t bytes, const char *fields, char *out)
{
    const tx_slice *p = choice->points;
    const tx_data_box *box = &choice->box;
    for (int64_t c = 0; c < channels; c++) {
        for (int64_t i = 0; i < p[0].count; i++) {
            for (int64_t j = 0; j < p[1].count; j++) {
                const int64_t row = (c * box->count[0] + place_in_box(&p[0], box->first[0], i)) * box->count[1] +
                                    place_in_box(&p[1], box->first[1], j);
                for (int64_t k = 0; k < p[2].count; k++) {
                    const int64_t place = row * box->count[2] + place_in_box(&p[2], box->first[2], k);
                    memcpy(out, fields + (size_t)place * bytes, bytes);
                    out += bytes;
                }
            }
        }
    }
    return out;
}

/* Chosen levels first … first + count - 1 of one trajectory, through the staging buffer. */
static tx_status read_staged(tx_data_source *source, int64_t sample, const tx_slice *levels, int64_t first, int64_t count,
                             char *out, tx_error *error)
{
    struct tx_choice *choice = source->choice;
    const int64_t stride = levels->step < 0 ? -levels->step : levels->step, batch = (choice->staged_levels - 1) / stride + 1;
    const size_t bytes = tx_real_bytes(source->setup.random.precision), level = (size_t)box_bytes(source);
    for (int64_t end = first + count; first < end; first += batch) {
        const tx_slice part = {levels->start + first * levels->step, levels->step, end - first < batch ? end - first : batch};
        const int64_t low = tx_slice_low(&part), extent = tx_slice_extent(&part);
        TX_TRY(tx_reserve((size_t)extent * level, 1, &choice->staging_bytes, error, &choice->staging));
        source->follower = (tx_follower){0}; /* of what is read to its place */
        TX_TRY(read_box(source, sample, 1, low, extent, choice->staging, error));
        for (int64_t k = 0; k < part.count; k++) {
            const char *from = choice->staging + (size_t)place_in_box(&part, low, k) * level;
            out = pick_points(choice, choice->whole->state.channels, bytes, from, out);
        }
    }
    return TX_OK;
}

/* Of one trajectory; behind its length there are zeros. */
static tx_status read_levels(tx_data_source *source, int64_t trajectory, int64_t first, int64_t count, char *out, tx_error *error)
{
    const struct tx_choice *choice = source->choice;
    const int64_t sample = tx_choice_sample(source, trajectory), length = tx_data_length(&source->shape, trajectory);
    const int64_t there = first >= length ? 0 : first + count > length ? length - first : count;
    const tx_slice levels = levels_of(choice, sample);
    const size_t level = (size_t)tx_data_level_size(&source->shape) * tx_real_bytes(source->setup.random.precision);
    memset(out + (size_t)there * level, 0, (size_t)(count - there) * level);
    if (!there) {
        return TX_OK;
    }
    return choice->all_points && tx_slice_is_run(&levels) ? read_box(source, sample, 1, levels.start + first, there, out, error)
                                                          : read_staged(source, sample, &levels, first, there, out, error);
}

/* How many whole trajectories may be read at once. */
static int64_t whole_trajectories(const tx_data_source *source, int64_t num_levels)
{
    const struct tx_choice *choice = source->choice;
    const bool together = choice->all_points && !choice->lengths && tx_slice_is_run(&choice->levels) &&
                          tx_slice_is_run(&choice->samples) &&
                          (source->class_->read_box || choice->levels.count == choice->whole->num_levels);
    return together ? num_levels / choice->levels.count : 0;
}

/* A generator computes any range of levels together. */
static bool is_plain(const struct tx_choice *choice)
{
    return choice->all_points && tx_slice_is_run(&choice->samples) && tx_slice_is_run(&choice->levels) &&
           choice->levels.count == choice->whole->num_levels;
}

tx_status tx_choice_read(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error)
{
    const struct tx_choice *choice = source->choice;
    const int64_t levels = source->shape.num_levels;
    const size_t bytes = (size_t)tx_data_level_size(&source->shape) * tx_real_bytes(source->setup.random.precision);
    if (!source->class_->read_box && is_plain(choice)) {
        return source->class_->read(source, choice->samples.start * levels + first_level, num_levels, out, error);
    }
    for (char *to = out; num_levels;) {
        const int64_t first = first_level % levels, rest = levels - first, trajectory = first_level / levels;
        const int64_t whole = first ? 0 : whole_trajectories(source, num_levels);
        const int64_t count = whole ? whole * levels : num_levels < rest ? num_levels : rest;
        TX_TRY(whole ? read_box(source, tx_choice_sample(source, trajectory), whole, choice->levels.start, levels, to, error)
                     : read_levels(source, trajectory, first, count, to, error));
        to += (size_t)count * bytes;
        first_level += count;
        num_levels -= count;
    }
    return TX_OK;
}

tx_status tx_choice_constants(tx_data_source *source, int64_t trajectory, void *out, tx_error *error)
{
    const struct tx_choice *choice = source->choice;
    const size_t bytes = tx_real_bytes(source->setup.random.precision);
    const int64_t count = source->constants.count;
    tx_data_box box = choice->box;
    char *fields;
    box.trajectory = tx_choice_sample(source, trajectory);
    box.trajectories = box.levels = 1;
    TX_TRY(tx_allocate_array((size_t)(count * box.count[0] * box.count[1] * box.count[2]), bytes, error, &fields));
    const tx_status status = source->class_->constants(source, &box, fields, error);
    if (status == TX_OK) {
        pick_points(choice, count, bytes, fields, out);
    }
    tx_free(fields);
    return status;
}
