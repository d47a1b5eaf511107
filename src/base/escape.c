/* Texts from elsewhere on one line: what cannot be seen is escaped. */
#include "base/escape.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the character that begins here, 0 where none does: overlong forms and surrogates are none. */
static size_t decode(const unsigned char *text, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t length = *text < 0x80 ? 1 : *text >> 5 == 6 ? 2 : *text >> 4 == 14 ? 3 : *text >> 3 == 30 ? 4 : 0;
    *code = *text & (length > 1 ? 0x7fu >> length : 0xffu);
    for (size_t k = 1; k < length; k++) {
        if ((text[k] & 0xc0) != 0x80) {
            return 0;
        }
        *code = *code << 6 | (text[k] & 0x3fu);
    }
    return *code >= least[length] && *code <= 0x10ffff && *code >> 11 != 0x1b ? length : 0;
}

bool tx_is_utf8(const char *text)
{
    size_t length = 1;
    uint32_t code;
    for (const unsigned char *at = (const unsigned char *)text; length && *at; at += length) {
        length = decode(at, &code);
    }
    return length;
}

/* Also those that break lines, turn their direction round, or cannot be seen (but the joiners, which some scripts need). */
static bool is_control(uint32_t code)
{
    static const uint32_t ranges[][2] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0x200b, 0x200b}, {0x200e, 0x200f},
                                         {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}};
    for (size_t k = 0; k < sizeof ranges / sizeof *ranges; k++) {
        if (code >= ranges[k][0] && code <= ranges[k][1]) {
            return true;
        }
    }
    return false;
}

enum { PIECE = 16 };

/* What stands for the character, or the byte, at *text, which is moved behind it. */
static size_t next_piece(const unsigned char **text, char out[PIECE])
{
    uint32_t code;
    const unsigned char *at = *text;
    const size_t length = decode(at, &code);
    *text += length ? length : 1;
    if (length && !is_control(code)) {
        memcpy(out, at, length);
        return length;
    }
    const char *named = strchr("\nn\tt\rr", *at);
    const char *format = *at < 0x20 && named ? "\\%c" : length > 1 ? "\\u%04x" : "\\x%02x";
    return (size_t)snprintf(out, PIECE, format, *at < 0x20 && named ? (unsigned)named[1] : length > 1 ? code : *at);
}

void tx_escape(const char *text, char *out, size_t size)
{
    static const char more[] = "…";
    const unsigned char *at = (const unsigned char *)text;
    size_t used = 0, whole = 0; /* up to `whole` there is room for `more` behind it */
    while (*at) {
        char piece[PIECE];
        const size_t length = next_piece(&at, piece);
        if (used + length >= size) {
            used = whole;
            memcpy(out + used, more, sizeof more - 1);
            used += sizeof more - 1;
            break;
        }
        memcpy(out + used, piece, length);
        used += length;
        whole = used + sizeof more <= size ? used : whole;
    }
    out[used] = '\0';
}
