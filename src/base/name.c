/* When two names are the same, and which known one comes nearest. */
#include "base/name.h"

#include <string.h>

/* -- the rule -- */

/* Of ASCII alone: in Turkish the small one of I is another. */
static int letter(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

bool tx_same_word(const char *a, const char *b)
{
    while (*a && letter(*a) == letter(*b)) {
        a++;
        b++;
    }
    return letter(*a) == letter(*b);
}

/* Of a name without the () of a call. */
static size_t name_length(const char *name)
{
    const size_t length = strlen(name);
    return length > 2 && !strcmp(name + length - 2, "()") ? length - 2 : length;
}

/* The length of a name without one ending, or `length` where it does not stand there or is all there is. */
static size_t without_ending(const char *name, size_t length, const char *ending, size_t size)
{
    size_t rest = length;
    while (size > 0 && rest > 0 && (name[rest - 1] == '_' || letter(name[rest - 1]) == ending[size - 1])) {
        size -= name[--rest] != '_';
    }
    while (rest > 0 && name[rest - 1] == '_') {
        rest--;
    }
    return size == 0 && rest > 0 ? rest : length;
}

/* The length without the first of `endings` that stands there, or `length`. */
static size_t without_endings(const char *name, size_t length, const char *endings)
{
    size_t rest = length;
    while (*endings && rest == length) {
        const size_t size = strcspn(endings, " ");
        rest = without_ending(name, length, endings, size);
        endings += size + (endings[size] == ' ');
    }
    return rest;
}

/* Takes the next letter of a name that ends at `end`; 0: there is none. */
static int next_letter(const char **name, const char *end)
{
    while (*name < end && **name == '_') {
        ++*name;
    }
    return *name < end ? letter(*(*name)++) : 0;
}

static bool same_letters(const char *a, const char *end_of_a, const char *b)
{
    const char *const end_of_b = b + strlen(b);
    int x, y;
    do {
        x = next_letter(&a, end_of_a);
        y = next_letter(&b, end_of_b);
    } while (x == y && x);
    return x == y;
}

bool tx_same_name(const char *name, const char *meant, const char *endings)
{
    size_t length = name_length(name), before;
    bool same;
    do {
        same = same_letters(name, name + length, meant);
        before = length;
        length = without_endings(name, length, endings);
    } while (!same && length < before);
    return same;
}

const char *tx_name_after_module(const char *name)
{
    size_t start = strcspn(name, "(");
    while (start && name[start - 1] != '.') {
        start--;
    }
    return name + start;
}

/* -- the nearest -- */

enum { LONGEST = 64, SHORTEST_PART = 3, MANY = 12 };

/* The letters that count, ended by a zero; of longer names the first. Returns how many there are. */
static int write_stem(const char *name, const char *endings, char stem[LONGEST + 1])
{
    size_t rest = name_length(name), before;
    do {
        before = rest;
        rest = without_endings(name, rest, endings);
    } while (rest < before);
    const char *const end = name + rest;
    int length = 0;
    while (length < LONGEST && (stem[length] = (char)next_letter(&name, end))) {
        length++;
    }
    stem[length] = '\0';
    return length;
}

/* Fowler, Noll and Vo's 1a. */
uint32_t tx_name_hash(const char *name, const char *endings)
{
    char stem[LONGEST + 1];
    uint32_t hash = 2166136261u;
    write_stem(name, endings, stem);
    for (const char *c = stem; *c; c++) {
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    }
    return hash;
}

/* Levenshtein distance. */
static int edit_distance(const char *a, const char *b)
{
    const int la = (int)strlen(a), lb = (int)strlen(b);
    int row[LONGEST + 1];
    for (int j = 0; j <= lb; j++) {
        row[j] = j;
    }
    for (int i = 1; i <= la; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= lb; j++) {
            /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): strlen has seen them */
            const int replace = diagonal + (a[i - 1] != b[j - 1]);
            const int either = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replace < either ? replace : either;
        }
    }
    return row[lb];
}

/* Whether a name begins with whole words that have these letters. */
static bool begins_with_words(const char *name, const char *letters)
{
    while (*letters && *name && (*name == '_' || letter(*name) == *letters)) {
        letters += *name++ != '_';
    }
    return !*letters && (!*name || *name == '_');
}

static bool holds_words(const char *name, const char *letters)
{
    bool holds = begins_with_words(name, letters);
    while (!holds && (name = strchr(name, '_'))) {
        holds = begins_with_words(++name, letters);
    }
    return holds;
}

/* One is a part of the other: the wanted one any, a name most of it. */
static bool is_part(const char *wanted, const char *stem)
{
    return strstr(stem, wanted) || (strstr(wanted, stem) && 3 * strlen(stem) >= 2 * strlen(wanted));
}

const char *tx_nearest_name_of(const char *name, const char *endings, const char *const *names, int count)
{
    char wanted[LONGEST + 1], stem[LONGEST + 1];
    const int length = write_stem(name, endings, wanted);
    int best = (length > MANY ? MANY : length + 2) / 3 + 1; /* a third of the letters may be wrong, but not the first */
    const char *nearest = NULL, *words = NULL, *part = NULL;
    for (int k = 0; k < count; k++) {
        write_stem(names[k], endings, stem);
        const int distance = *stem == *wanted ? edit_distance(wanted, stem) : LONGEST;
        if (distance < best) {
            best = distance;
            nearest = names[k];
        }
        words = words || length < SHORTEST_PART || !holds_words(names[k], wanted) ? words : names[k];
        part = part || length < SHORTEST_PART || !is_part(wanted, stem) ? part : names[k];
    }
    return nearest && best <= 1 ? nearest : words ? words : nearest ? nearest : part;
}

const char *tx_nearest_name(const char *name, const char *const *names, int count)
{
    return tx_nearest_name_of(name, "", names, count);
}
