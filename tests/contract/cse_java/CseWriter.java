import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.kms.AWSKMS;
import com.amazonaws.services.kms.AWSKMSClientBuilder;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.AmazonS3EncryptionClientBuilder;
import com.amazonaws.services.s3.AmazonS3EncryptionClientV2Builder;
import com.amazonaws.services.s3.model.CompleteMultipartUploadRequest;
import com.amazonaws.services.s3.model.CryptoConfiguration;
import com.amazonaws.services.s3.model.CryptoConfigurationV2;
import com.amazonaws.services.s3.model.CryptoMode;
import com.amazonaws.services.s3.model.CryptoRangeGetMode;
import com.amazonaws.services.s3.model.CryptoStorageMode;
import com.amazonaws.services.s3.model.EncryptionMaterials;
import com.amazonaws.services.s3.model.EncryptionMaterialsProvider;
import com.amazonaws.services.s3.model.InitiateMultipartUploadRequest;
import com.amazonaws.services.s3.model.KMSEncryptionMaterialsProvider;
import com.amazonaws.services.s3.model.ObjectMetadata;
import com.amazonaws.services.s3.model.PartETag;
import com.amazonaws.services.s3.model.StaticEncryptionMaterialsProvider;
import com.amazonaws.services.s3.model.UploadPartRequest;
import com.amazonaws.util.IOUtils;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.crypto.spec.SecretKeySpec;

/**
 * Writes objects by the AWS SDK for Java v1's encryption clients, as EMRFS does, and reads ours.
 * Arguments: the endpoint, a bucket, a KMS key, then "write", or "read" with keys and sizes.
 */
public final class CseWriter {
    private static final int[] SIZES = {0, 1, 15, 16, 17, 1000};
    private final EndpointConfiguration endpoint;
    private final AWSCredentialsProvider credentials =
            new AWSStaticCredentialsProvider(new BasicAWSCredentials("AKIATEST", "secret"));
    private final String bucket;
    private final EncryptionMaterialsProvider kmsKey;
    private final AWSKMS kms;

    private CseWriter(String url, String bucket, String key) {
        this.endpoint = new EndpointConfiguration(url, "us-east-1");
        this.bucket = bucket;
        this.kmsKey = new KMSEncryptionMaterialsProvider(key);
        this.kms = AWSKMSClientBuilder.standard()
                .withEndpointConfiguration(endpoint).withCredentials(credentials).build();
    }

    /** The content of every object: no period that a cipher's block shares. */
    static byte[] content(int size) {
        byte[] made = new byte[size];
        for (int i = 0; i < size; i++) {
            made[i] = (byte) (i * 31 + i / 251);
        }
        return made;
    }

    private AmazonS3 first(CryptoMode mode, CryptoStorageMode storage, EncryptionMaterialsProvider key) {
        return AmazonS3EncryptionClientBuilder.standard()
                .withEndpointConfiguration(endpoint).withCredentials(credentials)
                .withPathStyleAccessEnabled(true).withKmsClient(kms).withEncryptionMaterials(key)
                .withCryptoConfiguration(new CryptoConfiguration(mode).withStorageMode(storage))
                .build();
    }

    private AmazonS3 second(CryptoMode mode) {
        CryptoConfigurationV2 how = new CryptoConfigurationV2(mode);
        if (mode == CryptoMode.AuthenticatedEncryption) {
            how = how.withRangeGetMode(CryptoRangeGetMode.ALL);
        }
        return AmazonS3EncryptionClientV2Builder.standard()
                .withEndpointConfiguration(endpoint).withCredentials(credentials)
                .withPathStyleAccessEnabled(true).withKmsClient(kms)
                .withEncryptionMaterialsProvider(kmsKey).withCryptoConfiguration(how)
                .build();
    }

    private void put(AmazonS3 s3, String folder) {
        for (int size : SIZES) {
            ObjectMetadata told = new ObjectMetadata();
            told.setContentLength(size);
            s3.putObject(bucket, folder + "/" + size, new ByteArrayInputStream(content(size)), told);
        }
    }

    /** By parts, whose sizes the metadata do not sum up: how EMRFS writes what is large. */
    private void putByParts(AmazonS3 s3, String key, int size, int part) {
        byte[] all = content(size);
        String id = s3.initiateMultipartUpload(new InitiateMultipartUploadRequest(bucket, key))
                .getUploadId();
        List<PartETag> tags = new ArrayList<>();
        for (int at = 0; at < size; at += part) {
            int end = Math.min(size, at + part);
            tags.add(s3.uploadPart(new UploadPartRequest().withBucketName(bucket).withKey(key)
                    .withUploadId(id).withPartNumber(tags.size() + 1).withPartSize(end - at)
                    .withInputStream(new ByteArrayInputStream(Arrays.copyOfRange(all, at, end)))
                    .withLastPart(end == size)).getPartETag());
        }
        s3.completeMultipartUpload(new CompleteMultipartUploadRequest(bucket, key, id, tags));
    }

    private void write() {
        CryptoStorageMode metadata = CryptoStorageMode.ObjectMetadata;
        AmazonS3 cbc = first(CryptoMode.EncryptionOnly, metadata, kmsKey);
        AmazonS3 gcm = first(CryptoMode.AuthenticatedEncryption, metadata, kmsKey);
        put(cbc, "v1-cbc");
        put(gcm, "v1-gcm");
        put(first(CryptoMode.StrictAuthenticatedEncryption, metadata, kmsKey), "v1-strict");
        CryptoStorageMode file = CryptoStorageMode.InstructionFile;
        put(first(CryptoMode.EncryptionOnly, file, kmsKey), "v1-cbc-instruction");
        put(first(CryptoMode.AuthenticatedEncryption, file, kmsKey), "v1-gcm-instruction");
        put(second(CryptoMode.StrictAuthenticatedEncryption), "v2-strict");
        put(second(CryptoMode.AuthenticatedEncryption), "v2-gcm");
        EncryptionMaterialsProvider own = new StaticEncryptionMaterialsProvider(
                new EncryptionMaterials(new SecretKeySpec(new byte[32], "AES")));
        put(first(CryptoMode.EncryptionOnly, metadata, own), "custom-cbc");
        put(first(CryptoMode.AuthenticatedEncryption, metadata, own), "custom-gcm");
        int part = 5 << 20;
        putByParts(cbc, "parts/v1-cbc", 2 * part + 1000, part);
        putByParts(gcm, "parts/v1-gcm", 2 * part + 1000, part);
    }

    private void read(String key, int size) throws Exception {
        for (AmazonS3 s3 : List.of(
                first(CryptoMode.AuthenticatedEncryption, CryptoStorageMode.ObjectMetadata, kmsKey),
                second(CryptoMode.AuthenticatedEncryption))) {
            byte[] got = IOUtils.toByteArray(s3.getObject(bucket, key).getObjectContent());
            if (!Arrays.equals(got, content(size))) {
                throw new IllegalStateException(key + ": other bytes");
            }
        }
    }

    /** Does what the arguments say. */
    public static void main(String[] args) throws Exception {
        CseWriter writer = new CseWriter(args[0], args[1], args[2]);
        if (args[3].equals("write")) {
            writer.write();
        }
        for (int i = 4; i < args.length; i += 2) {
            writer.read(args[i], Integer.parseInt(args[i + 1]));
        }
    }
}
