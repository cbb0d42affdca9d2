#pragma once
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

// What Swift cannot call (variadics), cannot see (macros, headers that its Glibc lacks) or should not do message by message.

/// A descriptor that is readable from a write on until it is read; -1 and errno where there is none.
static inline int tributary_event_descriptor(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

/// A length that says "null" in the functions below; 0 is an empty value.
enum { TRIBUTARY_ABSENT = -1 };

/// Keeps an empty value apart from null: Swift's empty arrays may have no address.
static inline const void *tributary_bytes(const void *bytes, int64_t length) {
    return length < 0 ? NULL : bytes ? bytes : "";
}

/// Produces one record; the library copies key and value, and takes the headers over, whatever becomes of it.
///
/// `producev`, not `produceva`: that one frees the headers twice where a partition does not exist.
static inline rd_kafka_resp_err_t tributary_produce(
    rd_kafka_t *producer, rd_kafka_topic_t *topic, int32_t partition, const void *key, int64_t keyLength,
    const void *value, int64_t valueLength, rd_kafka_headers_t *headers
) {
    rd_kafka_resp_err_t error = rd_kafka_producev(
        producer, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(tributary_bytes(key, keyLength), (size_t)(keyLength < 0 ? 0 : keyLength)),
        RD_KAFKA_V_VALUE((void *)tributary_bytes(value, valueLength), (size_t)(valueLength < 0 ? 0 : valueLength)),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    // A failed call leaves the headers with the caller.
    if (error && headers) rd_kafka_headers_destroy(headers);
    return error;
}

/// What the delivery reports of a transaction said.
typedef struct tributary_deliveries {
    int64_t delivered;
    int64_t failed;
    int64_t purged;
    rd_kafka_resp_err_t firstError;
} tributary_deliveries;

/// A topic, and per partition the offset after the last record that was delivered to it (0 for none).
typedef struct tributary_written {
    const rd_kafka_topic_t *topic;
    int64_t *nextOffsets;
    int32_t partitionCount;
} tributary_written;

/// Reads every report of a delivery event: counts them and raises the next offsets of its topic.
static inline void tributary_read_reports(
    rd_kafka_event_t *event, const tributary_written *topics, int64_t topicCount, tributary_deliveries *into
) {
    const rd_kafka_message_t *message;
    while ((message = rd_kafka_event_message_next(event))) {
        if (message->err) {
            // What an abort threw away was not refused.
            if (message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
                into->purged++;
            else if (!into->failed++)
                into->firstError = message->err;
            continue;
        }
        into->delivered++;
        for (int64_t index = 0; index < topicCount; index++) {
            const tributary_written *topic = &topics[index];
            if (message->rkt != topic->topic) continue;
            if (message->partition >= 0 && message->partition < topic->partitionCount
                && message->offset >= topic->nextOffsets[message->partition])
                topic->nextOffsets[message->partition] = message->offset + 1;
            break;
        }
    }
}

/// Adds a position with its metadata (copied, NUL-terminated text) to a list.
static inline void tributary_list_add_offset(
    rd_kafka_topic_partition_list_t *list, const char *topic, int32_t partition, int64_t offset, const char *metadata,
    int64_t metadataLength
) {
    rd_kafka_topic_partition_t *item = rd_kafka_topic_partition_list_add(list, topic, partition);
    item->offset = offset;
    if (metadataLength <= 0) return;
    // The list frees it with free().
    item->metadata = malloc((size_t)metadataLength + 1);
    memcpy(item->metadata, metadata, (size_t)metadataLength);
    ((char *)item->metadata)[metadataLength] = 0;
    item->metadata_size = (size_t)metadataLength;
}

/// Whether group metadata names a member of a generation. The library writes both of them only into its serialised form;
/// in a form not known here the answer is yes, and the broker's own check remains.
static inline int tributary_is_member(const rd_kafka_consumer_group_metadata_t *metadata) {
    static const char magic[] = "CGMDv2:";
    const size_t magicLength = sizeof(magic) - 1;
    void *buffer = NULL;
    size_t size = 0;
    int isMember = 1;
    int32_t generation = 0;
    rd_kafka_error_t *error = rd_kafka_consumer_group_metadata_write(metadata, &buffer, &size);
    if (error) {
        rd_kafka_error_destroy(error);
        return isMember;
    }
    // magic, generation, group id, 0, member id, 0, ...
    if (size > magicLength + sizeof(generation) && !memcmp(buffer, magic, magicLength)) {
        const char *group = (const char *)buffer + magicLength + sizeof(generation);
        const char *end = memchr(group, 0, size - magicLength - sizeof(generation));
        memcpy(&generation, (const char *)buffer + magicLength, sizeof(generation));
        isMember = generation >= 0 && end && end + 1 < (const char *)buffer + size && end[1] != 0;
    }
    rd_kafka_mem_free(NULL, buffer);
    return isMember;
}

/// Whether two of them name the same member of the same generation.
static inline int tributary_is_same_member(
    const rd_kafka_consumer_group_metadata_t *left, const rd_kafka_consumer_group_metadata_t *right
) {
    void *buffers[2] = {NULL, NULL};
    size_t sizes[2] = {0, 0};
    rd_kafka_error_t *errors[2] = {
        rd_kafka_consumer_group_metadata_write(left, &buffers[0], &sizes[0]),
        rd_kafka_consumer_group_metadata_write(right, &buffers[1], &sizes[1]),
    };
    int isSame = !errors[0] && !errors[1] && sizes[0] == sizes[1] && !memcmp(buffers[0], buffers[1], sizes[0]);
    for (int index = 0; index < 2; index++) {
        if (errors[index]) rd_kafka_error_destroy(errors[index]);
        if (buffers[index]) rd_kafka_mem_free(NULL, buffers[index]);
    }
    return isSame;
}
