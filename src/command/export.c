/* trainax export. */
#include "base/shape.h"
#include "command/command.h"

static tx_status read_shape(const tx_arguments *arguments, tx_error *error, tx_shape *out)
{
    const char *text = tx_arguments_value(arguments, "--shape");
    *out = (tx_shape){0};
    return !text || tx_shape_read(text, out)
               ? TX_OK
               : tx_error_set(error, TX_INVALID, "--shape %s: channels and the points of each axis are needed, such as 1,160",
                              text);
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    const tx_output output = {.path = tx_arguments_value(arguments, "--output"),
                              .overwrite = tx_arguments_value(arguments, "--overwrite")};
    tx_shape state;
    tx_session session;
    TX_TRY(read_shape(arguments, error, &state));
    const bool c = tx_arguments_value(arguments, "--c"), onnx = tx_arguments_value(arguments, "--onnx");
    if (c == onnx || !output.path) {
        return tx_error_set(error, TX_INVALID, "export needs %s",
                            output.path ? "one of --c and --onnx: which form is wanted" : "--output FILE");
    }
    tx_signals_clean_up();
    TX_TRY(tx_session_open(arguments, NULL, NULL, NULL, error, &session));
    const tx_status status =
        (c ? tx_export_c : tx_export_onnx)(session.parallel, session.registry, arguments->words[0], state, &output, error);
    return tx_session_close(&session, status, error);
}

static const tx_flag flags[] = {
    {.name = "--c", .text = "as C, for tx_inference_create of trainax/inference.h"},
    {.name = "--onnx", .text = "as an ONNX model of opset 13, from `state` (batch, channels, points) to `next_state`"},
    {.name = "--output", .value = "FILE", .text = "the file: a source, which defines a variable of that name, or a model"},
    {.name = "--shape", .value = "CHANNELS,POINTS...", .text = "of the states, if other than those that it was trained on"},
    {.name = "--overwrite", .text = "replaces a file that is there; never one that is read"},
    {0},
};
const tx_command tx_command_export = {
    .name = "export",
    .usage = "export NETWORK.h5 --c|--onnx --output FILE [--shape CHANNELS,POINTS...] [--overwrite]",
    .summary = "write a trained network for programs without HDF5 and MPI, as C or as an ONNX model",
    .flags = flags,
    .word = "NETWORK.h5",
    .word_text = "network.h5 or checkpoint.h5 of a run",
    .max_words = 1,
    .example = "export runs/five/network.h5 --c --output emulator.c",
    .run = run,
};
