"""Kafka as a source: where its reader begins, and what is wrong with the topics or their broker."""

import json
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from confluent_kafka import (
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from pyspark.sql import SparkSession

from pipeline.kafka_reader import (
    SECONDS_TO_ANSWER,
    KafkaReader,
    Partitions,
    SpanReader,
    between,
    count_offsets,
)
from pipeline.librdkafka import librdkafka_options, masked
from pipeline.settings import Settings, SettingsError
from pipeline.source import LATE, OTHER_SOURCE, Begin, Offsets, Part, SourceProblem
from pipeline.stream import lines_batch

GONE = "Kafka has deleted the records of that time: only what was counted of them is left"
PARTLY_GONE = "all that is left was read: Kafka has deleted older records, maybe some of that time"
MISSING = ("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC")
SILENT = ("_TRANSPORT", "_ALL_BROKERS_DOWN", "_TIMED_OUT", "_RESOLVE", "REQUEST_TIMED_OUT")
REFUSALS = {
    "_AUTHENTICATION": "refuses this client's name and password",
    "_SSL": "agrees on no TLS connection: a certificate is not trusted, or it expects none",
}
"""Told beside a request, which itself only times out."""

_silent = logging.getLogger("pipeline.kafka.librdkafka")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


class KafkaSource:
    """One or more topics. Offsets: `{"offsets": {topic: {partition: n}}, "topics": {topic: id}}`.

    The id of a topic tells one that was deleted and made anew.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.name = f"topic {', '.join(settings.topics)} at {settings.kafka_servers}"
        client = self._client = librdkafka_options(settings.kafka_client)
        own = {"group.id": "zeek-live-probe", "enable.auto.commit": False}
        try:
            self._consumer = Consumer({**client, **own}, logger=_silent)
            self._admin = AdminClient({**client, "error_cb": self._told}, logger=_silent)
        # librdkafka's own words for callbacks are no options of texts.
        except (KafkaException, TypeError, ValueError, AttributeError) as error:
            said = error.args[0].str() if isinstance(error, KafkaException) else str(error)
            said = masked(said, client.values())
            raise SettingsError(f"ZEEK_LIVE_KAFKA_OPTIONS cannot be used: {said}") from None
        self._refusal = ""
        self._topics: dict[str, str] = {}
        self._left: Offsets = {"offsets": {}, "topics": {}}

    def begin(self, resume: Offsets | None) -> Begin:
        """Behind `resume` as far as Kafka still has it, else where ZEEK_LIVE_START says."""
        self._topics = self.topic_ids()
        first, last = self._watermarks()
        if resume is None:
            return Begin(self._with_ids(self._chosen(first, last)))
        return self._resumed(resume, first, last)

    def reader(self, begin: Offsets, limit: int) -> KafkaReader:
        """Values as they are, with their topic."""
        offsets = self._subscribed(begin["offsets"])
        return KafkaReader(self._client, self._settings.topics, offsets, limit)

    def past(
        self, spark: SparkSession, start: datetime, end: datetime, limit: int
    ) -> Iterator[Part]:
        """By the times that Kafka has of its records; SourceProblem if it has none of these."""
        begin, end_offsets, missing = self._span(start, end)
        total = count_offsets(begin, end_offsets)
        many = max(1, -(-total // limit))
        edges = [between(begin, end_offsets, number / many) for number in range(many + 1)]
        for low, high in pairwise(edges):
            lines = lines_batch(spark, SpanReader(self._client, low, high), "binary")
            yield Part(lines, count_offsets(low, high), total, missing=missing)

    def offsets(self, logged: str) -> Offsets:
        """Spark's own JSON, with the topics' ids."""
        return self._with_ids(json.loads(logged))

    def count(self, start: Offsets, end: Offsets) -> int:
        """Offsets between the two; a partition that is new counts from its first."""
        return count_offsets(start["offsets"], end["offsets"])

    def news(self, start: Offsets, end: Offsets) -> list[str]:
        """Partitions that were added to a topic."""
        before: Partitions = start["offsets"]
        return [
            f"topic {topic} has {len(ends)} partitions now, it had {len(before[topic])}"
            for topic, ends in end["offsets"].items()
            if len(ends) > len(before.get(topic, ends))
        ]

    def lag(self, end: Offsets) -> int:
        """Records behind `end`. SourceProblem also where a topic was deleted or made anew."""
        ids = self.topic_ids()
        for topic, known in end["topics"].items():
            if ids.get(topic, known) != known:
                raise TopicReplaced(f"topic {topic} was deleted and made anew")
        _, last = self._watermarks()
        return max(0, self.count(end, {"offsets": last}))

    def topic_ids(self) -> dict[str, str]:
        """The ids of the topics; SourceProblem if the broker is away or one is missing."""
        names = list(self._settings.topics)
        futures = self._admin.describe_topics(
            TopicCollection(names), request_timeout=SECONDS_TO_ANSWER
        )
        found, missing = {}, []
        for name in names:
            try:
                found[name] = str(futures[name].result().topic_id)
            except KafkaException as error:
                if error.args[0].name() not in MISSING:
                    raise SourceProblem(self._sentence(error)) from None
                missing.append(name)
        self._refusal = ""
        if missing:
            raise SourceProblem(self._waiting(missing))
        return found

    def close(self) -> None:
        """Close the client."""
        self._consumer.close()

    def _span(self, start: datetime, end: datetime) -> tuple[Partitions, Partitions, str]:
        """Where the records of a time lie, and whether some of them may be gone.

        Where Kafka got them at another time than theirs, as of a log that was published later, all
        that came since is looked through.
        """
        self.topic_ids()
        first, last = self._watermarks()
        low, high = self._at(start, last), self._at(end + LATE, last)
        if not count_offsets(low, high):
            high = last
        if not count_offsets(low, high):
            deleted = any(at for ends in first.values() for at in ends.values())
            raise SourceProblem(GONE if deleted else f"{self.name} has no records since that time")
        cut = any(
            0 < at == low[topic][each] for topic in first for each, at in first[topic].items()
        )
        return low, high, PARTLY_GONE if cut else ""

    def _waiting(self, topics: Sequence[str]) -> str:
        where = f"topic {', '.join(topics)} at {self._settings.kafka_servers}"
        return f"waiting for {where}: it does not exist yet"

    def _sentence(self, error: KafkaException) -> str:
        code = error.args[0].name()
        if code in MISSING:
            return self._waiting(self._settings.topics)
        self._admin.poll(0)
        silent = "does not answer" if code in SILENT else "answers with an error"
        word = "refuses this client" if "AUTH" in code else self._refusal or silent
        return f"broker at {self._settings.kafka_servers} {word} ({code.strip('_')})"

    def _told(self, error: KafkaError) -> None:
        self._refusal = REFUSALS.get(error.name(), self._refusal)

    def _subscribed(self, offsets: Partitions) -> Partitions:
        return {topic: ends for topic, ends in offsets.items() if topic in self._settings.topics}

    def _with_ids(self, offsets: Partitions) -> Offsets:
        """With what was read of topics that are not subscribed now, for when they are again."""
        left = self._left
        return {
            "offsets": {**left["offsets"], **offsets},
            "topics": {**left["topics"], **self._topics},
        }

    def _watermarks(self) -> tuple[Partitions, Partitions]:
        """The first and the next offset of every partition."""
        first: Partitions = {}
        last: Partitions = {}
        try:
            for topic in self._settings.topics:
                found = self._consumer.list_topics(topic, timeout=SECONDS_TO_ANSWER)
                for partition in found.topics[topic].partitions:
                    low, high = self._consumer.get_watermark_offsets(
                        TopicPartition(topic, partition), timeout=SECONDS_TO_ANSWER
                    )
                    first.setdefault(topic, {})[str(partition)] = low
                    last.setdefault(topic, {})[str(partition)] = high
        except KafkaException as error:
            raise SourceProblem(self._sentence(error)) from None
        return first, last

    def _chosen(self, first: Partitions, last: Partitions) -> Partitions:
        start = self._settings.start
        if start == "earliest":
            return first
        if start == "latest":
            return last
        if isinstance(start, datetime):
            return self._at(start, last)
        return self._at(datetime.now(UTC) - self._settings.retention, last)

    def _at(self, time: datetime, last: Partitions) -> Partitions:
        milliseconds = int(time.timestamp() * 1000)
        asked = [
            TopicPartition(topic, int(partition), milliseconds)
            for topic, ends in last.items()
            for partition in ends
        ]
        try:
            found = self._consumer.offsets_for_times(asked, timeout=SECONDS_TO_ANSWER)
        except KafkaException as error:
            raise SourceProblem(self._sentence(error)) from None
        chosen: Partitions = {}
        for each in found:
            end = last[each.topic][str(each.partition)]
            at = end if each.offset in (OFFSET_END, -1) else each.offset
            chosen.setdefault(each.topic, {})[str(each.partition)] = at
        return chosen

    def _resumed(self, resume: Offsets, first: Partitions, last: Partitions) -> Begin:
        if "offsets" not in resume:
            raise SourceProblem(OTHER_SOURCE)
        self._left = {
            part: {topic: of for topic, of in resume[part].items() if topic not in first}
            for part in ("offsets", "topics")
        }
        begin: Partitions = {}
        lost, notes = 0, []
        chosen = self._chosen(first, last)
        for topic, lows in first.items():
            known = resume["offsets"].get(topic, chosen[topic])
            if topic in resume["topics"] and resume["topics"][topic] != self._topics[topic]:
                notes.append(f"topic {topic} was deleted and made anew: read from its start")
                known = {}
            for partition, low in lows.items():
                at = known.get(partition, low)
                if at > last[topic][partition]:
                    notes.append(
                        f"{topic} {partition} ends before what was read: read on at its end"
                    )
                    at = last[topic][partition]
                lost += max(0, low - at)
                begin.setdefault(topic, {})[partition] = max(low, at)
        if lost:
            notes.append(f"{lost:,} records were deleted by Kafka before they were read")
        notes += self.news(resume, {"offsets": begin})
        return Begin(self._with_ids(begin), lost, tuple(notes))


class TopicReplaced(Exception):
    """A topic has another id than the one that was read: the query must begin anew."""
