/* The data of a run, as its checkpoints know them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "run/checkpoint.h"
#include "training/trainer.h"

enum { MAX_RANK = 3 + TX_MAX_AXES };

/* Of the training data, or of the held-out ones. */
typedef struct content {
    const char *key, *shape_path, *checksum_path; /* in the configuration, and in a checkpoint */
    const tx_dataset *dataset;                    /* NULL: none */
    int64_t rank, shape[MAX_RANK];
    int64_t checksum;
} content;

static const tx_dataset *held_out_data(const tx_member *member)
{
    return member->held_out.evaluation ? tx_evaluation_dataset(member->held_out.evaluation) : NULL;
}

static void look(const tx_dataset *dataset, content *c)
{
    const tx_data_shape *shape = &dataset->shape;
    c->dataset = dataset->partial ? NULL : dataset; /* nothing can be said of it, and nothing will be learned from it */
    c->checksum = (int64_t)dataset->checksum;
    c->rank = 3 + shape->state.axes;
    c->shape[0] = shape->num_trajectories;
    c->shape[1] = shape->num_levels;
    c->shape[2] = shape->state.channels;
    memcpy(&c->shape[3], shape->state.n, (size_t)shape->state.axes * sizeof *c->shape);
}

static void look_at_all(const tx_member *member, content out[2])
{
    const tx_dataset *held_out = held_out_data(member);
    out[0] = (content){.key = "data", .shape_path = "/data/shape", .checksum_path = "/data/checksum"};
    out[1] = (content){.key = "evaluation", .shape_path = "/evaluation/shape", .checksum_path = "/evaluation/checksum"};
    look(member->trainer->shared->data.dataset, &out[0]);
    if (held_out) {
        look(held_out, &out[1]);
    }
}

bool tx_content_is_partial(const tx_member *member)
{
    const tx_dataset *held_out = held_out_data(member);
    return member->trainer->shared->data.dataset->partial || (held_out && held_out->partial);
}

tx_status tx_content_put(const tx_member *member, tx_file *file, tx_error *error)
{
    content contents[2];
    look_at_all(member, contents);
    for (int k = 0; k < 2 && contents[k].dataset; k++) {
        const content *c = &contents[k];
        TX_TRY(tx_file_write_integers(file, c->shape_path, 1, &c->rank, c->shape, error));
        TX_TRY(tx_file_write_integers(file, c->checksum_path, 0, NULL, &c->checksum, error));
    }
    return TX_OK;
}

/* ---- Comparing ---- */

/* The section of the data; evaluation's is the run's own where it has none. */
static const tx_section *section_of(const tx_section *root, const char *key)
{
    const tx_section *evaluation = strcmp(key, "evaluation") == 0 ? tx_get_section(root, key) : NULL;
    const tx_section *data = evaluation ? tx_get_section(evaluation, "data") : NULL;
    return data ? data : tx_get_section(root, "data");
}

/* What the file says that the data were; *known false: it is of a version that did not say it. */
static tx_status read_stored(const tx_file *file, const content *now, tx_error *error, content *out, bool *known)
{
    tx_array_shape shape;
    *known = tx_file_has(file, now->shape_path);
    if (!*known) {
        return TX_OK;
    }
    TX_TRY(tx_file_shape(file, now->shape_path, error, &shape));
    out->rank = shape.rank == 1 && shape.size[0] <= MAX_RANK ? shape.size[0] : 0;
    TX_TRY(tx_file_read_integers(file, now->shape_path, 1, &out->rank, out->shape, error));
    return tx_file_read_integers(file, now->checksum_path, 0, NULL, &out->checksum, error);
}

static bool same_shape(const content *a, const content *b)
{
    return a->rank == b->rank && memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

/* "(20, 100, 1, 30)" */
static const char *shape_text(const content *c, char text[160])
{
    size_t used = 0;
    for (int k = 0; k < c->rank; k++) {
        used += (size_t)snprintf(text + used, 160 - used, "%s%" PRId64, k ? ", " : "(", c->shape[k]);
    }
    snprintf(text + used, 160 - used, ")");
    return text;
}

/* Of a list the first. */
static const char *path_of(const tx_section *section, const char *option)
{
    const char *const *paths;
    return tx_get_strings(section, option, &paths) ? paths[0] : "";
}

static const char *path_option(const tx_section *section)
{
    const tx_option *option = tx_section_component(section)->options;
    while (option && option->name && option->type != TX_TYPE_PATHS) {
        option++;
    }
    return option ? option->name : NULL;
}

/* Options are the same, or differ by paths. */
static tx_status other_content(const tx_checkpoint *checkpoint, const tx_member *member, const tx_section *section,
                               const content *now, const content *old, tx_error *error)
{
    char shapes[2][160];
    const char *path = path_option(section);
    tx_error local = {0};
    if (!same_shape(now, old)) {
        tx_section_error(section, path, &local, TX_INVALID, "these data have the shape %s but the run was started with %s",
                         shape_text(now, shapes[0]), shape_text(old, shapes[1]));
    } else if (path) {
        tx_section_error(section, path, &local, TX_INVALID,
                         "the content of '%s' (its checksum) is not what the run was started with", path_of(section, path));
    } else {
        tx_log_write(member->trainer->log, TX_LOG_WARNING,
                     "%s: the numbers generated here are not to the bit those of %s: the last bits may differ",
                     tx_section_name(section), checkpoint->path);
        return TX_OK;
    }
    return tx_checkpoint_refuse(checkpoint, &local, error);
}

static tx_status check(const tx_checkpoint *checkpoint, const tx_member *member, const content *now, tx_error *error)
{
    const tx_section *section = section_of(member->trainer->problem.root, now->key);
    const tx_section *before = section_of(tx_config_root(checkpoint->config), now->key);
    content old = {0};
    bool known;
    tx_error local = {0};
    TX_TRY(read_stored(checkpoint->file, now, error, &old, &known));
    if (known && same_shape(now, &old) && now->checksum == old.checksum) {
        return TX_OK;
    }
    if (tx_section_same_run(section, before, &local) != TX_OK) {
        return tx_checkpoint_refuse(checkpoint, &local, error);
    }
    return known ? other_content(checkpoint, member, section, now, &old, error) : TX_OK;
}

tx_status tx_content_check(const tx_checkpoint *checkpoint, const tx_member *member, tx_error *error)
{
    content contents[2];
    look_at_all(member, contents);
    for (int k = 0; k < 2 && contents[k].dataset; k++) {
        TX_TRY(check(checkpoint, member, &contents[k], error));
    }
    return TX_OK;
}
