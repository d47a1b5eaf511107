/* A network file as a C source, and as what another file here writes. */
#include <ctype.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/shape.h"
#include "component/buffer.h"
#include "simulation/stored.h"
#include "trainax/simulation.h"
#include "trainax/memory.h"
#include "trainax/version.h"

enum { NAME_SIZE = 256, NUMBERS_IN_LINE = 10 };

/* ---- the variable's name ---- */

/* clang-format off */
/* What C, or C++, or their compilers, have taken. */
static const char *const taken[] = {
    "alignas", "alignof", "and", "asm", "auto", "bool", "break", "case", "catch", "char", "class", "compl", "const", "constexpr",
    "continue", "decltype", "default", "delete", "do", "double", "else", "enum", "explicit", "export", "extern", "false", "float",
    "for", "friend", "goto", "if", "inline", "int", "linux", "long", "main", "mutable", "namespace", "new", "noexcept", "not",
    "nullptr", "operator", "or", "private", "protected", "public", "register", "restrict", "return", "short", "signed", "sizeof",
    "static", "static_assert", "struct", "switch", "template", "this", "thread_local", "throw", "true", "try", "typedef", "typeid",
    "typename", "typeof", "union", "unix", "unsigned", "using", "virtual", "void", "volatile", "while", "xor", "NULL", NULL};
/* clang-format on */

/* The C library, with libm, has a function of that name, or a variable: programs are linked with it, too. */
static bool is_of_library(const char *name)
{
    void *const library = dlopen("libm.so.6", RTLD_LAZY);
    const bool found = library && dlsym(library, name);
    if (library) {
        dlclose(library);
    }
    return found;
}

static bool is_free(const char *name)
{
    for (const char *const *word = taken; *word; word++) {
        if (!strcmp(name, *word)) {
            return false;
        }
    }
    const size_t length = strlen(name);
    const bool of_a_type = length > 2 && !strcmp(name + length - 2, "_t"), ours = !strncasecmp(name, "tx_", 3);
    return !of_a_type && !ours && !is_of_library(name);
}

/* The file's without folder and ending, as an identifier. TX_INVALID where that cannot be one of a program's own. */
static tx_status name_of(const char *path, tx_error *error, char name[NAME_SIZE])
{
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path, *c = file;
    size_t length = 0;
    bool plain = isalnum((unsigned char)*file);
    if (isdigit((unsigned char)*file)) {
        name[length++] = '_';
    }
    for (; *c && *c != '.' && length + 1 < NAME_SIZE; c++) {
        plain = plain && isascii((unsigned char)*c);
        name[length++] = isalnum((unsigned char)*c) ? *c : '_';
    }
    name[length] = '\0';
    return plain && is_free(name)
               ? TX_OK
               : tx_error_set(error, TX_INVALID,
                              "'%s': the network is a variable named as the file is, and in C '%.*s' is no name for "
                              "one, or taken: choose another",
                              path, (int)(c - file), file);
}

/* ---- the source ---- */

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
    tx_buffer_add(text, "static const tx_exported_node tx_nodes[] = {\n");
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

static void add_reals(tx_buffer *text, const char *name, const double *reals, size_t count)
{
    tx_buffer_add(text, count ? "static const double %s[] = {" : "", name);
    for (size_t k = 0; k < count; k++) {
        tx_buffer_add(text, "%s%.17g,", k % NUMBERS_IN_LINE ? " " : "\n    ", reals[k]);
    }
    tx_buffer_add(text, count ? "\n};\n\n" : "");
}

/* Their bits: exact, short, and the same in every locale. */
static void add_parameters(tx_buffer *text, const tx_exported *network)
{
    const bool wide = network->precision == TX_FLOAT64;
    tx_buffer_add(text, "/* The parameters' bits. */\nstatic const uint%d_t tx_leaves[%" PRId64 "] = {", wide ? 64 : 32,
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

static void add_head(tx_buffer *text, const tx_exported *network, const char *name)
{
    char shape[TX_SHAPE_TEXT];
    tx_shape_write(&network->state, shape);
    tx_buffer_add(
        text,
        "/* A trained network, of states of the shape %s in %s, by `trainax export --c` (%s): for tx_inference_create of\n"
        " * trainax/inference.h, and to be linked with -ltrainax-inference -lm. In other sources: extern const tx_exported %s; */\n"
        "%s#include <trainax/exported.h>\n\n",
        shape, network->precision == TX_FLOAT32 ? "float32" : "float64", tx_version(), name,
        network->normalization ? "/* Its states are (x - mean)/std of those that its data were: see `physical` there. */\n" : "");
}

static tx_status write_source(const tx_exported *network, const tx_leaves *leaves, const char *path, tx_error *error, size_t *bytes,
                              char **out)
{
    (void)leaves;
    char name[NAME_SIZE];
    tx_buffer text = {.error = error};
    TX_TRY(name_of(path, error, name));
    add_head(&text, network, name);
    add_nodes(&text, network);
    add_reals(&text, "tx_constants", network->constants, network->num_constants);
    add_reals(&text, "tx_normalization", network->normalization, network->normalization ? 2 * (size_t)network->state.channels : 0);
    add_parameters(&text, network);
    tx_buffer_add(&text, "extern const tx_exported %s;\nconst tx_exported %s = {%d, ", name, name, network->version);
    add_shape(&text, &network->state);
    tx_buffer_add(&text, ", TX_FLOAT%d, %d, %d, tx_nodes, %zu, %s, %" PRId64 ", tx_leaves, %s};\n",
                  network->precision == TX_FLOAT32 ? 32 : 64, network->output, network->num_nodes, network->num_constants,
                  network->num_constants ? "tx_constants" : "0", network->num_parameters,
                  network->normalization ? "tx_normalization" : "0");
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
