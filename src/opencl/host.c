/* Users' functions: they run on the host, block by block, between transfers of what they read and leave. */
#include "opencl/opencl.h"

#include <string.h>

#include "base/memory.h"
#include "kernel/cpu.h"

static size_t tensor_bytes(const tx_frame *frame, const tx_layout *layout)
{
    return (size_t)layout->size * tx_real_bytes(frame->backend->precision);
}

static tx_status fetch(const tx_instruction *i, const tx_frame *frame, int block, char *arena)
{
    const tx_place *place = &frame->staged->place[TX_SPACE_ARENA];
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        const tx_operand from = i->operand[k];
        if (from.space == TX_SPACE_ARENA) {
            const size_t offset = place->offset + (size_t)block * place->next + (size_t)from.offset;
            TX_TRY(frame->backend->class_->download(place->buffer, offset, arena + from.offset, tensor_bytes(frame, i->layout[k]),
                                                    frame->error));
        }
    }
    return TX_OK;
}

/* The CPU's kernel on block `block`, whose arena is here. */
static tx_status run_block(const tx_instruction *i, tx_frame *whole, int block, char *arena)
{
    const tx_staged *staged = whole->staged;
    const tx_backend *cpu = tx_opencl_of(whole->backend)->cpu;
    const tx_place *place = &staged->place[TX_SPACE_ARENA];
    const int left = staged->total - block * staged->block;
    tx_frame frame = {.backend = cpu,
                      .base = {[TX_SPACE_ARENA] = arena},
                      .count = left < staged->block ? left : staged->block,
                      .scratch_samples = whole->scratch_samples,
                      .states = whole->states,
                      .part = tx_whole,
                      .error = whole->error};
    TX_TRY(fetch(i, whole, block, arena));
    TX_TRY(tx_cpu_class.find(cpu, i->kernel->name)->run(i, &frame));
    tx_note_failed(&whole->failed, &frame.failed);
    return whole->backend->class_->upload(place->buffer, place->offset + (size_t)block * place->next + (size_t)i->out.offset,
                                          arena + i->out.offset, tensor_bytes(whole, i->out_layout), whole->error);
}

tx_status tx_opencl_on_host(const tx_instruction *i, tx_frame *frame)
{
    const tx_opencl_pass *pass = frame->pass;
    char *arena;
    if (pass && pass->recording) {
        return tx_opencl_record_host(pass->recording, i, frame->error);
    }
    TX_TRY(tx_allocate(frame->staged->place[TX_SPACE_ARENA].next, frame->error, &arena));
    tx_status status = TX_OK;
    for (int block = 0; block < frame->staged->blocks && status == TX_OK; block++) {
        status = run_block(i, frame, block, arena);
    }
    tx_free(arena);
    return status;
}
