package org.apache.livy.rsc.rpc;

import io.netty.channel.embedded.EmbeddedChannel;
import org.apache.livy.repl.ReplDriver;
import org.apache.livy.rsc.BaseProtocol;
import org.apache.livy.rsc.RSCConf;
import org.apache.spark.SparkConf;

/**
 * Two channels of one driver, whose calls arrive in turns: a header of each, then what each asks.
 * Prints for each whether it is open still and how many messages it got: a reply is two.
 */
public final class TwoChannels {
  private TwoChannels() {}

  public static void main(String[] arguments) throws Exception {
    ReplDriver driver = new ReplDriver(new SparkConf(false), new RSCConf());
    EmbeddedChannel one = new EmbeddedChannel(driver);
    EmbeddedChannel other = new EmbeddedChannel(driver);
    one.writeInbound(new Rpc.MessageHeader(1, Rpc.MessageType.CALL));
    other.writeInbound(new Rpc.MessageHeader(2, Rpc.MessageType.CALL));
    other.writeInbound(new BaseProtocol.CancelReplJobRequest(7));
    one.writeInbound(new BaseProtocol.CancelReplJobRequest(8));
    for (EmbeddedChannel channel : new EmbeddedChannel[] {one, other}) {
      System.out.println(channel.isOpen() + " " + channel.outboundMessages().size());
    }
    System.exit(0);
  }
}
