/** Short ways to write what a stream sends. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { ControlSchema, type Control } from "../src/gen/quarterdeck/api/stream/v1/control_pb.js";
import { EventSchema, type Event } from "../src/gen/quarterdeck/api/stream/v1/event_pb.js";

export function event(topic: string, sequence: number, rows = 1, epoch = 1): Event {
  return create(EventSchema, { topic, sequence: BigInt(sequence), rows, epoch: BigInt(epoch) });
}

export function control(message: MessageInitShape<typeof ControlSchema>["message"]): Control {
  return create(ControlSchema, { message });
}

export function opened(sessionId = "s-1", heartbeatMs = 5_000): Control {
  const heartbeatInterval = durationFromMs(heartbeatMs);
  return control({ case: "sessionOpened", value: { sessionId, heartbeatInterval } });
}

export function gap(topic: string, first: number, last: number, epoch = 1): Control {
  const [firstLostSequence, lastLostSequence] = [BigInt(first), BigInt(last)];
  const value = { topic, epoch: BigInt(epoch), firstLostSequence, lastLostSequence, cause: 3 };
  return control({ case: "gap", value });
}

export function skipped(topic: string, count: number, last: number): Control {
  return control({
    case: "skipped",
    value: { topic, count: BigInt(count), lastSequence: BigInt(last) },
  });
}
