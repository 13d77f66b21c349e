package org.apache.livy.repl;

import io.netty.channel.ChannelHandlerContext;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import org.apache.livy.rsc.BaseProtocol;
import org.apache.livy.rsc.RSCConf;
import org.apache.livy.rsc.ReplJobResults;
import org.apache.livy.rsc.driver.BypassJobWrapper;
import org.apache.livy.rsc.driver.RSCDriver;
import org.apache.livy.rsc.driver.SparkEntries;
import org.apache.livy.rsc.driver.Statement;
import org.apache.livy.rsc.rpc.Rpc;
import org.apache.spark.SparkConf;

/**
 * The driver of an interactive session, under the name that the Livy 0.7.1 server starts. The
 * public {@code handle} methods are found by the RPC dispatcher through their parameter's class.
 */
public final class ReplDriver extends RSCDriver {
  private static final AttributeKey<Object> HEADER = AttributeKey.valueOf("emr_nb.header");

  private final Object dispatching = new Object();
  private volatile ReplSession session;

  public ReplDriver(SparkConf conf, RSCConf livyConf) throws Exception {
    super(conf, livyConf);
  }

  /**
   * Gives the dispatcher a header and what belongs to it at once. It keeps one header for all of
   * its channels, and the server's first call may come while it answers by another channel: the
   * session would end as it starts.
   */
  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    Attribute<Object> kept = ctx.channel().attr(HEADER);
    Object header = kept.getAndSet(null);
    if (header == null) {
      kept.set(message);
      return;
    }
    synchronized (dispatching) {
      super.channelRead(ctx, header);
      super.channelRead(ctx, message);
    }
  }

  @Override
  protected SparkEntries initializeSparkEntries() throws Exception {
    session = new ReplSession(conf, livyConf, state -> broadcast(new ReplState(state)));
    return session.start();
  }

  @Override
  protected void onClientAuthenticated(Rpc client) {
    ReplSession started = session;
    if (started == null) {
      return;
    }
    try {
      client.call(new ReplState(started.state()));
    } catch (Exception error) {
      throw new IllegalStateException("cannot tell the Livy server the session's state", error);
    }
  }

  @Override
  protected void shutdownContext() {
    try {
      if (session != null) {
        session.close();
      }
    } finally {
      super.shutdownContext();
      LastResort.arm();
    }
  }

  public Integer handle(ChannelHandlerContext ctx, BaseProtocol.ReplJobRequest request) {
    return session.execute(Lines.unix(request.code), request.codeType);
  }

  public void handle(ChannelHandlerContext ctx, BaseProtocol.CancelReplJobRequest request) {
    session.cancel(request.id);
  }

  public String[] handle(ChannelHandlerContext ctx, BaseProtocol.ReplCompleteRequest request) {
    return session.complete(Lines.unix(request.code), request.codeType, request.cursor);
  }

  public ReplJobResults handle(ChannelHandlerContext ctx, BaseProtocol.GetReplJobResults request) {
    Statement[] statements = request.allResults
        ? session.statements()
        : session.statements(request.from, request.from + request.size);
    for (Statement statement : statements) {
      statement.updateProgress(session.progress(statement.id));
    }
    return new ReplJobResults(statements);
  }

  @Override
  protected BypassJobWrapper createWrapper(BaseProtocol.BypassJobRequest request)
      throws Exception {
    if (Kind.named(request.jobType) == Kind.PYSPARK) {
      PythonInterpreter python = session.python();
      if (python != null) {
        return new BypassJobWrapper(this, request.id, python.job(request.serializedJob));
      }
    }
    return super.createWrapper(request);
  }

  @Override
  protected void addFile(String path) {
    PythonInterpreter python = session.python();
    if (python != null) {
      python.addFile(path);
    }
    super.addFile(path);
  }

  @Override
  protected void addJarOrPyFile(String path) throws Exception {
    PythonInterpreter python = session.python();
    if (python != null) {
      python.addPyFile(this, path);
    }
    super.addJarOrPyFile(path);
  }
}
