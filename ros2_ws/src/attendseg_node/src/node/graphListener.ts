import rclnodejs from 'rclnodejs';
import type { DiagnosticArray } from './diagnostics.js';
import { parseImage, type CameraFrame } from './imageMessage.js';

export interface GraphListener {
  /** Whether somebody subscribes to `topic`. */
  hasSubscriber(topic: string): boolean;
  close(): void;
}

export interface Listeners {
  readonly images: Readonly<Record<string, (frame: CameraFrame) => void>>;
  readonly diagnostics: (report: DiagnosticArray) => void;
}

/** Listens to image topics and /diagnostics from a ROS node of its own. */
export async function listen(name: string, { images, diagnostics }: Listeners): Promise<GraphListener> {
  await rclnodejs.init(undefined, []);
  rclnodejs.removeSignalHandlers();
  const node = new rclnodejs.Node(name);
  for (const [topic, receive] of Object.entries(images)) {
    node.createSubscription('sensor_msgs/msg/Image' as never, topic, {}, (message: unknown) => {
      receive(parseImage(message));
    });
  }
  node.createSubscription(
    'diagnostic_msgs/msg/DiagnosticArray' as never,
    '/diagnostics',
    {},
    (message: unknown) => {
      diagnostics(message as DiagnosticArray);
    },
  );
  node.spin(10);
  return {
    hasSubscriber: (topic) => node.countSubscribers(topic) > 0,
    close: () => {
      rclnodejs.shutdown();
    },
  };
}
