/* Networks in files: network.h5, and the part of a checkpoint that is one. One rank's business, not collective. */
#pragma once

#include "file/digest.h"
#include "problem/problem.h"
#include "trainax/component.h"
#include "trainax/file.h"
#include "trainax/network.h"

/* Writes format, version, section, precision and /parameters into a file that is being made. */
tx_status tx_network_file_put(tx_file *file, const tx_network *network, tx_precision precision, const void *parameters,
                              tx_error *error);

/* That of a problem, with the units of its data: /normalization. */
tx_status tx_problem_put_network(const tx_problem *problem, const void *parameters, tx_file *file, tx_error *error);

/* Those of a file: means, then what was divided by, of so many channels (tx_free); NULL: data were taken as they came. */
tx_status tx_network_file_normalization(const tx_file *file, int64_t channels, tx_error *error, double **out);

/* A gradient with respect to all parameters: format "trainax gradient", section, precision, and /gradient with the leaves. */
tx_status tx_network_file_put_gradient(tx_file *file, const tx_network *network, tx_precision precision, const void *gradient,
                                       tx_error *error);
/* Root attribute of networks and gradients of single steps in a run directory. */
#define TX_SNAPSHOT_MARK "snapshot"

/* Opens a file and checks that it is a network (TX_BAD_DATA), of a format and a precision that are known. */
tx_status tx_network_file_open(const char *path, tx_error *error, tx_file **out);
/* That check, of a file that is open (a checkpoint). */
tx_status tx_network_file_check(const tx_file *file, tx_error *error);
/* Its network's configuration (tx_config_destroy). What cannot be read is the file's fault: TX_BAD_DATA. */
tx_status tx_network_file_section(const tx_file *file, const tx_registry *registry, tx_error *error, tx_config **out);
/* The precision that it was trained in. */
tx_status tx_network_file_precision(const tx_file *file, tx_error *error, tx_precision *out);
/* The states that it was made for. TX_INVALID: it does not say so (files of version 0.1.0 of this program). */
tx_status tx_network_file_state(const tx_file *file, tx_error *error, tx_shape *out);
/* Reads /parameters into flat values, and the network's constants, which it holds itself. TX_INVALID, naming the leaf, when the
 * leaves are not the network's; TX_BAD_DATA: a constant is missing, and the network has none from its data. */
tx_status tx_network_file_parameters(const tx_file *file, const tx_network *network, tx_precision precision, void *values,
                                     tx_error *error);
/* The digest of all leaves in the file's order, in the precision of the training: of the flat parameters, that is. */
tx_status tx_network_file_result(const tx_file *file, tx_error *error, char out[TX_DIGEST_SIZE]);
/* Where a training begins: the parameters that the section names, with the constants if its file has them all, or initial ones.
 * TX_INVALID with the place in the file. */
tx_status tx_network_begin(const tx_network *network, tx_random random, void *values, tx_error *error);
