// Publishes one message of each type given, to show that rclnodejs and its generated code work with this ROS.
import rclnodejs from 'rclnodejs';

await rclnodejs.init();
const node = rclnodejs.createNode('attendseg_setup_check');
for (const type of process.argv.slice(2)) {
  node.createPublisher(type, `attendseg_setup_check/${type}`).publish(rclnodejs.createMessageObject(type));
  console.log(`published ${type}`);
}
rclnodejs.shutdown();
