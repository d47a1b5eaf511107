/* The wire format of Protocol Buffers: numbers in groups of seven bits, what has a length behind that. */
#include "simulation/protobuf.h"

#include <string.h>

#include "base/memory.h"

enum { VARINT = 0, DELIMITED = 2, MOST_BYTES = 10 };

static void append(tx_message *message, size_t bytes, const void *data)
{
    if (bytes && message->status == TX_OK) {
        message->status = tx_reserve(message->length + bytes, 1, &message->capacity, message->error, &message->data);
    }
    if (bytes && message->status == TX_OK) {
        memcpy(message->data + message->length, data, bytes);
        message->length += bytes;
    }
}

static size_t encode(uint64_t value, unsigned char out[MOST_BYTES])
{
    size_t length = 0;
    for (; value > 0x7f; value >>= 7) {
        out[length++] = (unsigned char)(value | 0x80);
    }
    out[length++] = (unsigned char)value;
    return length;
}

static void put(tx_message *message, uint64_t value)
{
    unsigned char bytes[MOST_BYTES];
    append(message, encode(value, bytes), bytes);
}

void tx_message_integer(tx_message *message, int field, int64_t value)
{
    put(message, (uint64_t)field << 3 | VARINT);
    put(message, (uint64_t)value);
}

void tx_message_bytes(tx_message *message, int field, size_t bytes, const void *data)
{
    put(message, (uint64_t)field << 3 | DELIMITED);
    put(message, bytes);
    append(message, bytes, data);
}

void tx_message_text(tx_message *message, int field, const char *text)
{
    tx_message_bytes(message, field, strlen(text), text);
}

size_t tx_message_begin(tx_message *message, int field)
{
    put(message, (uint64_t)field << 3 | DELIMITED);
    return message->length;
}

/* Its length goes before what is there already. */
void tx_message_end(tx_message *message, size_t begin)
{
    unsigned char length[MOST_BYTES];
    const size_t size = message->length - begin, bytes = encode(size, length);
    append(message, bytes, length);
    if (message->status == TX_OK) {
        char *const at = message->data + begin;
        memmove(at + bytes, at, size);
        memcpy(at, length, bytes);
    }
}
