/* Counts events, and whether each follows the one before it in its topic and stream. */
#include "reader.h"

#include <stdio.h>
#include <stdlib.h>

#define BUCKETS (64 * 40)

static struct {
    uint64_t events, messages, bytes, missing, repeated, gaps, skipped, ended, late_ns;
    uint64_t delays[BUCKETS];
} tally;
static int open_count;

/* 64 buckets for each power of two: within 1.6 % of the true value. */
static void note_delay(uint64_t ns) {
    size_t bucket = ns;
    if (ns >= 64) {
        int shift = 63 - __builtin_clzll(ns) - 6;
        bucket = (size_t)(shift + 1) * 64 + ((ns >> shift) & 63);
    }
    tally.delays[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    if (ns > tally.late_ns) tally.late_ns = ns;
}

static double percentile_ms(double share) {
    uint64_t total = 0, passed = 0;
    for (int i = 0; i < BUCKETS; i++) total += tally.delays[i];
    for (int i = 0; i < BUCKETS; i++) {
        passed += tally.delays[i];
        if (total && passed > (uint64_t)(share * (double)(total - 1)))
            return (i < 64 ? i : (double)((uint64_t)(64 + i % 64) << (i / 64 - 1))) / 1e6;
    }
    return 0;
}

void tally_event(struct stream *stream, uint32_t topic, uint64_t sequence, uint64_t rows,
                 int64_t time_ns, int64_t now) {
    if (!stream->last) stream->last = calloc(MOST_TOPICS, sizeof *stream->last);
    uint64_t *last = &stream->last[topic % MOST_TOPICS];
    if (*last && sequence != *last + 1) {
        if (sequence > *last) tally.missing += sequence - *last - 1;
        else tally.repeated++;
    }
    *last = sequence + rows - 1;
    tally.events += rows;
    note_delay(now > time_ns ? (uint64_t)(now - time_ns) : 0);
}

void tally_announced(struct stream *stream, uint32_t topic, uint64_t last, bool is_gap) {
    if (is_gap) tally.gaps++;
    else tally.skipped++;
    if (!stream->last) stream->last = calloc(MOST_TOPICS, sizeof *stream->last);
    stream->last[topic % MOST_TOPICS] = last;
}

void tally_message(size_t length) {
    tally.messages++;
    tally.bytes += length;
}

void tally_opened(struct stream *stream) {
    if (!stream->is_open) open_count++;
    stream->is_open = true;
}

void tally_ended(struct stream *stream) {
    if (!stream->is_ended) tally.ended++;
    stream->is_ended = true;
}

int tally_open_count(void) { return open_count; }

void tally_reset(void) {
    uint64_t ended = tally.ended;
    tally = (__typeof__(tally)){.ended = ended};
}

void tally_report(double seconds, double cpu_s, int stream_count) {
    printf("{\"seconds\": %.3f, \"streams\": %d, \"events\": %lu, \"frames\": %lu, \"bytes\": %lu, "
           "\"missing\": %lu, \"repeated\": %lu, \"gaps\": %lu, \"skipped\": %lu, \"ended\": %lu, "
           "\"p50_ms\": %.3f, \"p90_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, "
           "\"cpu_s\": %.3f}\n",
           seconds, stream_count, tally.events, tally.messages, tally.bytes, tally.missing,
           tally.repeated, tally.gaps, tally.skipped, tally.ended, percentile_ms(0.5),
           percentile_ms(0.9), percentile_ms(0.99), (double)tally.late_ns / 1e6, cpu_s);
    fflush(stdout);
}
