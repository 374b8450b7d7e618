import koffi from 'koffi';
import type { CompressedImageMessage, Header, ImageMessage } from './imageMessage.js';

/** A C struct as rclnodejs describes it. */
interface Layout {
  readonly fields: Readonly<Record<string, { readonly offset: number; readonly type: Partial<Layout> }>>;
}

/** What rclnodejs generates for a type of message. */
interface MessageClass {
  new (): { toRawROS(): Buffer };
  readonly refObjectType: Layout;
  type(): object;
  /** Frees strings, but no uint8[]. */
  destroyRawROS(message: object): void;
}

const libc = koffi.load(null);
const copy = libc.func('void memcpy(void *to, const void *from, size_t bytes)') as (
  to: Uint8Array,
  from: bigint,
  bytes: number,
) => void;
const free = libc.func('void free(void *memory)') as (memory: bigint) => void;

/**
 * The C struct of a sensor_msgs/Image or CompressedImage, which takes all messages of a subscription, one after the
 * other. rclnodejs's own class makes an ArrayBuffer of each message's pixels, which is freed by garbage collection
 * alone: V8 then marks and compacts its heap every few pictures.
 */
export class ImageStruct {
  /** What createSubscription takes for the type's class: of it, rclnodejs uses these members. */
  readonly typeClass: new () => object;
  readonly #type: MessageClass;
  readonly #struct: InstanceType<MessageClass>;
  readonly #memory: Buffer;
  readonly #read: () => ImageMessage | CompressedImageMessage;
  /** Ends the bytes of the message that was read last. */
  #end: (() => void) | undefined;
  #scratch = Buffer.alloc(64);

  /** @param type of sensor_msgs/msg/Image or CompressedImage, as rclnodejs.require() gives it */
  constructor(type: object) {
    this.#type = type as MessageClass;
    this.#struct = new this.#type();
    // From now on its strings are C's.
    this.#memory = this.#struct.toRawROS();
    this.#read = 'format' in this.#type.refObjectType.fields ? this.#compressedReader() : this.#imageReader();
    const memory = this.#memory;
    const taken = (): object => this.#read();
    const over = (): void => {
      this.#end?.();
    };
    this.typeClass = class {
      static type(): object {
        return (type as MessageClass).type();
      }
      /** Called when the message was received, and its callback has returned. */
      static destroyRawROS(): void {
        over();
      }
      toRawROS(): Buffer {
        return memory;
      }
      deserialize(): void {
        // It is read where it lies.
      }
      toPlainObject(): object {
        return taken();
      }
    };
  }

  /** Frees what the struct points to; to be called once, when the middleware does not fill it any more. */
  free(): void {
    this.#end?.();
    const { offset } = this.#find('data');
    free(this.#memory.readBigUInt64LE(offset));
    this.#memory.fill(0, offset, offset + 24);
    this.#type.destroyRawROS(this.#struct);
  }

  #imageReader(): () => ImageMessage {
    const header = this.#header();
    const [height, width] = [this.#uint32('height'), this.#uint32('width')];
    const encoding = this.#string('encoding');
    const bigEndianAt = this.#find('is_bigendian').offset;
    const step = this.#uint32('step');
    const data = this.#bytes('data');
    return () => ({
      header: header(),
      height: height(),
      width: width(),
      encoding: encoding(),
      is_bigendian: this.#memory[bigEndianAt]!,
      step: step(),
      data: data(),
    });
  }

  #compressedReader(): () => CompressedImageMessage {
    const [header, format, data] = [this.#header(), this.#string('format'), this.#bytes('data')];
    return () => ({ header: header(), format: format(), data: data() });
  }

  #header(): () => Header {
    const sec = this.#find('header', 'stamp', 'sec').offset;
    const nanosec = this.#uint32('header', 'stamp', 'nanosec');
    const frameId = this.#string('header', 'frame_id');
    return () => ({
      stamp: { sec: this.#memory.readInt32LE(sec), nanosec: nanosec() },
      frame_id: frameId(),
    });
  }

  #uint32(...path: string[]): () => number {
    const { offset } = this.#find(...path);
    return () => this.#memory.readUInt32LE(offset);
  }

  #string(...path: string[]): () => string {
    const sequence = this.#sequence(...path);
    return () => {
      const { from, length } = sequence();
      if (length > this.#scratch.length) this.#scratch = Buffer.alloc(length);
      copy(this.#scratch, from, length);
      return this.#scratch.toString('utf8', 0, length);
    };
  }

  /** Of uint8[]: good until the message is over. */
  #bytes(...path: string[]): () => ImageMessage['data'] {
    const sequence = this.#sequence(...path);
    return () => {
      const { from, length } = sequence();
      let over = false;
      this.#end = () => {
        over = true;
      };
      return {
        length,
        copyTo: (target) => {
          if (over) throw new Error('the bytes of a message are gone when its callback has returned');
          if (target.length < length)
            throw new RangeError(`${length} bytes do not fit into ${target.length}`);
          copy(target, from, length);
        },
      };
    };
  }

  /** Of strings and sequences alike: where they are, and how long. */
  #sequence(...path: string[]): () => { readonly from: bigint; readonly length: number } {
    const data = this.#find(...path, 'data').offset;
    const size = this.#find(...path, 'size').offset;
    return () => ({
      from: this.#memory.readBigUInt64LE(data),
      length: Number(this.#memory.readBigUInt64LE(size)),
    });
  }

  /** A field, from the struct's start. @throws Error that names it, if there is none */
  #find(...path: string[]): { readonly offset: number } {
    let offset = 0;
    let layout: Partial<Layout> = this.#type.refObjectType;
    for (const name of path) {
      const field = layout.fields?.[name];
      if (field === undefined) throw new Error(`the message has no field ${path.join('.')}`);
      offset += field.offset;
      layout = field.type;
    }
    return { offset };
  }
}
