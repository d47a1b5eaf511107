/* Numbers from text, as a user writes them: the whole text must be the number, in the C locale. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

bool tx_parse_integer(const char *text, int64_t *out); /* decimal; false on 2.5, 1e3, overflow, junk */
bool tx_parse_real(const char *text, double *out);     /* 1e-3, .5, inf, nan are numbers; false on junk */
bool tx_parse_bytes(const char *text,
                    uint64_t *out); /* "512 MiB", "2GiB", "1000000"; units B, KiB, MiB, GiB, TiB, kB, MB, GB, TB */
bool tx_parse_duration(const char *text, double *seconds); /* H:MM:SS or D-HH:MM:SS, as Slurm writes it */
