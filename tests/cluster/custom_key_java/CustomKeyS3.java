import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.AmazonS3EncryptionClientBuilder;
import com.amazonaws.services.s3.model.CryptoConfiguration;
import com.amazonaws.services.s3.model.CryptoMode;
import com.amazonaws.services.s3.model.EncryptionMaterials;
import com.amazonaws.services.s3.model.S3Object;
import com.amazonaws.services.s3.model.StaticEncryptionMaterialsProvider;
import com.amazonaws.util.IOUtils;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.URI;
import java.security.Provider;
import java.security.Security;
import javax.crypto.spec.SecretKeySpec;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.PositionedReadable;
import org.apache.hadoop.fs.Seekable;
import org.apache.hadoop.fs.s3a.S3AFileSystem;

/**
 * What EMRFS does with a key provider of the user's own: the AWS SDK's encryption client reads.
 * Its listing tells the size as it lies in S3; the key is that of CseWriter's custom objects.
 */
public final class CustomKeyS3 extends FilterFileSystem {
    private AmazonS3 s3;

    public CustomKeyS3() {
        super(new S3AFileSystem());
    }

    @Override
    public void initialize(URI name, Configuration conf) throws IOException {
        super.initialize(name, conf);
        try { // where the SDK looks for it: our loader alone has its jar
            Security.addProvider((Provider) Class
                    .forName("org.bouncycastle.jce.provider.BouncyCastleProvider")
                    .getDeclaredConstructor().newInstance());
        } catch (ReflectiveOperationException error) {
            throw new IOException(error);
        }
        s3 = AmazonS3EncryptionClientBuilder.standard()
                .withEndpointConfiguration(new EndpointConfiguration(
                        conf.get("fs.s3a.endpoint"), conf.get("fs.s3a.endpoint.region")))
                .withCredentials(new AWSStaticCredentialsProvider(new BasicAWSCredentials(
                        conf.get("fs.s3a.access.key"), conf.get("fs.s3a.secret.key"))))
                .withPathStyleAccessEnabled(true)
                .withCryptoConfiguration(
                        new CryptoConfiguration(CryptoMode.AuthenticatedEncryption))
                .withEncryptionMaterials(new StaticEncryptionMaterialsProvider(
                        new EncryptionMaterials(new SecretKeySpec(new byte[32], "AES"))))
                .build();
    }

    @Override
    public FSDataInputStream open(Path path, int buffer) throws IOException {
        URI where = path.toUri();
        try (S3Object object = s3.getObject(where.getHost(), where.getPath().substring(1))) {
            return new FSDataInputStream(
                    new Bytes(IOUtils.toByteArray(object.getObjectContent())));
        }
    }

    private static final class Bytes extends ByteArrayInputStream
            implements Seekable, PositionedReadable {
        Bytes(byte[] all) {
            super(all);
        }

        @Override
        public void seek(long at) throws IOException {
            if (at > count) {
                throw new EOFException("behind the end");
            }
            pos = (int) at;
        }

        @Override
        public long getPos() {
            return pos;
        }

        @Override
        public boolean seekToNewSource(long at) {
            return false;
        }

        @Override
        public int read(long at, byte[] into, int offset, int length) {
            int size = (int) Math.min(length, count - at);
            if (size <= 0) {
                return -1;
            }
            System.arraycopy(buf, (int) at, into, offset, size);
            return size;
        }

        @Override
        public void readFully(long at, byte[] into, int offset, int length) throws IOException {
            if (read(at, into, offset, length) < length) {
                throw new EOFException("the end came first");
            }
        }

        @Override
        public void readFully(long at, byte[] into) throws IOException {
            readFully(at, into, 0, into.length);
        }
    }
}
