import type { Dialect } from './magics';

/** Words of a dialect by what they are; all in lower case. */
export interface IWords {
  readonly keywords: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
  /** Quotes of texts, and of names. */
  readonly strings: string;
  readonly names: string;
  /** Whether texts have escapes by a backslash. */
  readonly hasBackslash: boolean;
  /** Whether comments nest. */
  readonly isNested: boolean;
}

const COMMON = `add all alter analyze and any as asc between by case cast column columns comment
 commit create cross cube current current_date current_timestamp database databases delete desc
 describe distinct drop else end escape except exists explain extract false filter first following
 for from full function functions grant group grouping having if in inner insert intersect interval
 into is join last lateral left like limit natural no not null nulls offset on or order outer over
 partition partitions preceding range recursive rename replace revoke right rollback rollup row rows
 schema schemas select set sets show start table tables tablesample then to transaction true truncate
 unbounded union unnest update use using values view views when where window with`;
const TYPES = `array bigint binary boolean char date decimal double float int integer map real
 smallint string time timestamp tinyint varchar`;

const METASTORE = `after anti archive bucket buckets cache cascade change cluster clustered
 collection compute concatenate data dbproperties defined delimited directories directory
 distribute elem_type escaped exchange export external fields fileformat format formatted functions
 import index inpath inputformat items keys lines load local location locks msck noscan option
 outputformat overwrite percent purge rebuild recordreader recordwriter refresh reload repair
 restrict reduce rlike regexp semi serde serdeproperties skewed sort sorted statistics stored
 tblproperties temporary terminated touch transform unarchive unlock unset unbounded uncache
 macro materialized merge matched struct`;
const HIVE = `${METASTORE} authorization autocommit compactions conf connector cluster_by
 constraint deferred dependency disable enable extended foreign hold_ddltime idxproperties isolation
 key_type less lock mapjoin minus more novalidate offline operator owner plus pretty primary
 protection qualify readonly references rely resource role roles server shared snapshot
 streamtable synchronized trigger uniontype user utc utctimestamp validate value_type vectorization
 within work`;
const SPARK = `${METASTORE} codegen cost exclude filter glob hint ignore ilike include lazy
 minus namespace namespaces nan pivot qualify replace reset respect summary tblproperties temp try_cast
 uncache unpivot using version zone`;
const TRINO = `admin analyze at authorization bernoulli call catalog catalogs conditional
 copartition cte day deallocate default define definer deny description distributed empty
 encoding error excluding execute fetch final finish following format functions generated
 graphviz groups hour ignore immediate including initial input invoker io isolation json
 json_array json_exists json_object json_query json_table json_value keep key keys latest leading level
 listagg local localtime localtimestamp logical match match_recognize matched matches materialized
 measures merge minute month next nfc nfd none normalize object of omit one only option ordinality
 outer output overflow partial passing past path pattern per permute plan position prepare privileges
 properties prune quotes read refresh repeatable reset respect restrict returning returns role roles
 running security seek serializable session skip stats substring subset system tablesample text
 ties trailing trim truncate try try_cast type uescape uncommitted unmatched user utf8 validate
 verbose version within without work wrapper write year zone`;
const FLINK = `${METASTORE} catalog catalogs cumulate descriptor enforced hop jar jars key
 match_recognize metadata module modules option options persisted primary proctime rowtime session
 system tumble virtual watermark`;

const MORE: Readonly<Record<Dialect, readonly [string, string]>> = {
  hive: [HIVE, 'struct uniontype interval numeric'],
  spark: [SPARK, 'struct byte short long timestamp_ntz timestamp_ltz variant void'],
  trino: [TRINO, 'bigint varbinary json ipaddress uuid hyperloglog qdigest tdigest'],
  presto: [TRINO, 'varbinary json ipaddress ipprefix uuid hyperloglog qdigest tdigest'],
  flink: [FLINK, 'bytes multiset raw timestamp_ltz varbinary']
};

/** Returns how a dialect is written. */
export function wordsOf(dialect: Dialect): IWords {
  const [keywords, types] = MORE[dialect];
  const isMetastore = dialect === 'hive' || dialect === 'spark';
  return {
    keywords: setOf(COMMON, keywords),
    types: setOf(TYPES, types),
    strings: isMetastore ? `'"` : `'`,
    names: isMetastore || dialect === 'flink' ? '`' : '"`',
    hasBackslash: isMetastore,
    isNested: isMetastore
  };
}

function setOf(...texts: readonly string[]): ReadonlySet<string> {
  return new Set(texts.join(' ').split(/\s+/).filter(Boolean));
}
