/* A network file as a C source, and as what another file here writes. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/shape.h"
#include "component/buffer.h"
#include "simulation/stored.h"
#include "trainax/simulation.h"
#include "trainax/memory.h"
#include "trainax/version.h"

enum { NAME_SIZE = 256, NUMBERS_IN_LINE = 10 };

/* Of the variable: the file's without folder and ending, as an identifier. */
static void name_of(const char *path, char name[NAME_SIZE])
{
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
    size_t length = 0;
    if (isdigit((unsigned char)*file)) {
        name[length++] = '_';
    }
    for (; *file && (*file != '.' || length == 0) && length + 1 < NAME_SIZE; file++) {
        name[length++] = isalnum((unsigned char)*file) ? *file : '_';
    }
    name[length] = '\0';
}

static void add_shape(tx_buffer *text, const tx_shape *shape)
{
    tx_buffer_add(text, "{%" PRId64 ", %d, {%" PRId64, shape->channels, shape->axes, shape->axes ? shape->n[0] : 0);
    for (int d = 1; d < shape->axes; d++) {
        tx_buffer_add(text, ", %" PRId64, shape->n[d]);
    }
    tx_buffer_add(text, "}}");
}

/* Without the zeros at its end. */
static void add_numbers(tx_buffer *text, const int64_t *number)
{
    int count = TX_EXPORTED_NUMBERS;
    while (count > 1 && number[count - 1] == 0) {
        count--;
    }
    for (int k = 0; k < count; k++) {
        tx_buffer_add(text, "%s%" PRId64, k ? ", " : "{", number[k]);
    }
    tx_buffer_add(text, "}");
}

static void add_nodes(tx_buffer *text, const tx_exported *network)
{
    tx_buffer_add(text, "static const tx_exported_node nodes[] = {\n");
    for (const tx_exported_node *n = network->nodes; n < network->nodes + network->num_nodes; n++) {
        tx_buffer_add(text, "    {\"%s\", {%d, %d, %d, %d, %d}, ", n->operation, n->input[0], n->input[1], n->input[2], n->input[3],
                      n->input[4]);
        add_shape(text, &n->shape);
        tx_buffer_add(text, ", %.17g, %.17g, ", n->alpha, n->beta);
        add_numbers(text, n->number);
        tx_buffer_add(text, "},\n");
    }
    tx_buffer_add(text, "};\n\n");
}

static void add_constants(tx_buffer *text, const tx_exported *network)
{
    tx_buffer_add(text, network->num_constants ? "static const double constants[] = {" : "");
    for (size_t k = 0; k < network->num_constants; k++) {
        tx_buffer_add(text, "%s%.17g,", k % NUMBERS_IN_LINE ? " " : "\n    ", network->constants[k]);
    }
    tx_buffer_add(text, network->num_constants ? "\n};\n\n" : "");
}

/* Their bits: exact, short, and the same in every locale. */
static void add_parameters(tx_buffer *text, const tx_exported *network)
{
    const bool wide = network->precision == TX_FLOAT64;
    tx_buffer_add(text, "/* The parameters' bits. */\nstatic const uint%d_t parameters[%" PRId64 "] = {", wide ? 64 : 32,
                  network->num_parameters);
    for (int64_t k = 0; k < network->num_parameters; k++) {
        const char *gap = k % NUMBERS_IN_LINE ? " " : "\n    ";
        if (wide) {
            tx_buffer_add(text, "%s0x%016" PRIx64 ",", gap, ((const uint64_t *)network->parameters)[k]);
        } else {
            tx_buffer_add(text, "%s0x%08" PRIx32 ",", gap, ((const uint32_t *)network->parameters)[k]);
        }
    }
    tx_buffer_add(text, "\n};\n\n");
}

static tx_status write_source(const tx_exported *network, const tx_leaves *leaves, const char *path, tx_error *error, size_t *bytes,
                              char **out)
{
    (void)leaves;
    char name[NAME_SIZE], shape[TX_SHAPE_TEXT];
    tx_buffer text = {.error = error};
    name_of(path, name);
    tx_shape_write(&network->state, shape);
    tx_buffer_add(
        &text,
        "/* A trained network, of states of the shape %s in %s, by `trainax export --c` (%s): for tx_inference_create of\n"
        " * trainax/inference.h, and to be linked with -ltrainax-inference -lm. In other sources: extern const tx_exported %s; */\n"
        "#include <trainax/exported.h>\n\n",
        shape, network->precision == TX_FLOAT32 ? "float32" : "float64", tx_version(), name);
    add_nodes(&text, network);
    add_constants(&text, network);
    add_parameters(&text, network);
    tx_buffer_add(&text, "extern const tx_exported %s;\nconst tx_exported %s = {%d, ", name, name, network->version);
    add_shape(&text, &network->state);
    tx_buffer_add(&text, ", TX_FLOAT%d, %d, %d, nodes, %zu, %s, %" PRId64 ", parameters};\n",
                  network->precision == TX_FLOAT32 ? 32 : 64, network->output, network->num_nodes, network->num_constants,
                  network->num_constants ? "constants" : "0", network->num_parameters);
    *bytes = text.length;
    return tx_buffer_finish(&text, out);
}

static tx_status write_file(const tx_registry *registry, const char *network_path, tx_shape state, tx_stored_form *write,
                            const char *path, bool overwrite, tx_error *error)
{
    tx_exported network;
    tx_leaves leaves;
    size_t bytes;
    char *data;
    TX_TRY(tx_stored_network_read(registry, network_path, state, error, &network, &leaves));
    tx_status status = write(&network, &leaves, path, error, &bytes, &data);
    tx_stored_network_free(&network);
    tx_free(leaves.leaf);
    TX_TRY(status);
    status = overwrite ? tx_text_save(path, data, bytes, error) : tx_text_save_new(path, data, bytes, error);
    tx_free(data);
    return status;
}

static tx_status export_as(tx_stored_form *write, tx_parallel *parallel, const tx_registry *registry, const char *network_path,
                           tx_shape state, const tx_output *output, tx_error *error)
{
    const char *const inputs[] = {network_path, NULL};
    char *path;
    TX_TRY(tx_output_find(parallel, output, inputs, error, &path));
    const tx_status status =
        tx_parallel_rank(parallel) == 0 ? write_file(registry, network_path, state, write, path, output->overwrite, error) : TX_OK;
    tx_free(path);
    return tx_parallel_agree(parallel, status, error);
}

tx_status tx_export_c(tx_parallel *parallel, const tx_registry *registry, const char *network_path, tx_shape state,
                      const tx_output *output, tx_error *error)
{
    return export_as(write_source, parallel, registry, network_path, state, output, error);
}

tx_status tx_export_onnx(tx_parallel *parallel, const tx_registry *registry, const char *network_path, tx_shape state,
                         const tx_output *output, tx_error *error)
{
    return export_as(tx_onnx_write, parallel, registry, network_path, state, output, error);
}
