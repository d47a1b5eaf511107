/* The CPU backend as its files share it, and tests that wrap it. */
#pragma once

#include "kernel/backend.h"

extern const tx_backend_class tx_cpu_class; /* context: the tx_kernels of the precision and the instruction set */
extern const tx_kernel tx_cpu_kernels[];    /* all of them; ends with one without name */

/* cpu_call.c: users' functions, on whole samples. */
tx_status tx_cpu_call(const tx_instruction *instruction, tx_frame *frame);
tx_status tx_cpu_call_result(const tx_instruction *instruction, tx_frame *frame);
tx_status tx_cpu_call_vjp(const tx_instruction *instruction, tx_frame *frame);
tx_status tx_cpu_call_jvp(const tx_instruction *instruction, tx_frame *frame);
