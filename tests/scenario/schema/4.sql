-- The store of a daemon with schema 4, made by make.sh. It never changes.
-- pepper 996a0c11d5207345724757014da53f92dbb0a35c6571a757386f0c630f908a0f
-- accepted root wfk_4mSVboBPSv_HWgPckDRmq7hZVJQmlLc3lEkox2Cx6FLM8imTU0i3A3KHNgK
-- refused daemon wfk_4mSVboBPSv_HWgPckDRmq7hZVJQmlLc3lEkox2Cx6FLM8imTU0i3A3KHNgK
-- accepted root wfk_MkqralOdPs_mb8UU1U8ZAB5Cy7xAqh3QKKcdV5TciYVlJEXKlelq509vdGv --service=sshd --rhost=192.0.2.7
-- accepted root wfk_MkqralOdPs_mb8UU1U8ZAB5Cy7xAqh3QKKcdV5TciYVlJEXKlelq509vdGv --service=Imap --rhost=2001:db8::7
-- refused root wfk_MkqralOdPs_mb8UU1U8ZAB5Cy7xAqh3QKKcdV5TciYVlJEXKlelq509vdGv --service=ftp --rhost=192.0.2.7
-- refused root wfk_MkqralOdPs_mb8UU1U8ZAB5Cy7xAqh3QKKcdV5TciYVlJEXKlelq509vdGv --service=sshd --rhost=192.0.3.7
-- refused root wfk_MkqralOdPs_mb8UU1U8ZAB5Cy7xAqh3QKKcdV5TciYVlJEXKlelq509vdGv --service=sshd
-- refused daemon wfk_m7wGSffRT6_fiVqPUBNn7YRYOh7GSyqOAhLWSnf6D1Bh5CRhdT5Aq1sw17m
-- refused daemon wfk_nHC5LEHsV7_zhoa4tA6RWpTox8O4cXFyTG1l54pymx88tbi19yD3j0p4m9z
-- refused bin wfk_fUWxIejx2A_4IHF16wXJK9tUrNJFhiCAB3NySgzg0z4ctIo7S8sJp2FvGnu
-- accepted bin wfk_fUWxIejx2A_R3OBZ42XCDGOCts3H0ijAkKdYk8jSpCqYJ0Om4j1Ap2H7hdX
-- accepted bin wfk_Ro9wk6XiOQ_i0VA1l7UcTzDvz3GXC1JaXPF4wxoNc53r5oRaH5uZX35UCW7
-- refused root wfk_BiMnRrgP2O_GaNahnHJCCKpSDNJZJMCl8ROAvccjJXoWTAUKARAtG3hFMTP
PRAGMA application_id = 1464224561;
PRAGMA user_version = 4;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE pepper (  id INTEGER PRIMARY KEY,  created_at INTEGER NOT NULL DEFAULT (unixepoch())) STRICT;
INSERT INTO pepper VALUES(161880773,1795933108);
CREATE TABLE policy (  name TEXT PRIMARY KEY,  value INTEGER NOT NULL,  changed_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO policy VALUES('enabled',1,1795933108);
INSERT INTO policy VALUES('lapsed',1793341108,1795933108);
INSERT INTO policy VALUES('lifetime',0,1795933108);
INSERT INTO policy VALUES('max-keys-per-user',100,1795933108);
CREATE TABLE key (  id TEXT PRIMARY KEY CHECK (length(id) = 10),  digest BLOB NOT NULL CHECK (length(digest) = 32),  pepper INTEGER NOT NULL REFERENCES pepper (id),  owner TEXT NOT NULL CHECK (owner <> ''),  owner_uid INTEGER NOT NULL,  name TEXT NOT NULL,  services TEXT NOT NULL,  networks TEXT NOT NULL,  status INTEGER NOT NULL CHECK (status IN (0, 1)),  reason TEXT NOT NULL,  created_at INTEGER NOT NULL,  updated_at INTEGER NOT NULL,  expires_at INTEGER NOT NULL,  bound_at INTEGER NOT NULL, linked TEXT NOT NULL DEFAULT '', origin TEXT NOT NULL DEFAULT '', predecessor TEXT NOT NULL DEFAULT '', successor TEXT NOT NULL DEFAULT '', retires_at INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0, dead_at INTEGER NOT NULL DEFAULT 0, ends_at INTEGER AS (min(  CASE WHEN expires_at > 0 THEN expires_at ELSE 9223372036854775807 END,  CASE WHEN bound_at > 0 THEN bound_at ELSE 9223372036854775807 END,  CASE WHEN retires_at > 0 THEN retires_at ELSE 9223372036854775807 END)) VIRTUAL) STRICT, WITHOUT ROWID;
INSERT INTO "key" VALUES('00uDGz4YoQ',X'd813d9b1cb0b8da133f00564e57812b98336470e322fe9ae285661d9decc81e5',161880773,'bin',2,'first-use','','',0,'',1795933109,1795933109,0,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('4mSVboBPSv',X'26719b14594fa43ab0558f4b4f2a9c429a714f7a3cec8e176ba9d241fd4b7924',161880773,'root',0,'plain','','',0,'',1795933108,1795933108,0,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('BiMnRrgP2O',X'c12c0a670400a2ce3461ea4aeccd7a893a188cb2d4dbfea4cc1a292a80a0000a',161880773,'root',0,'key','','',0,'',1795933109,1795933109,1795933110,0,'','','','',0,0,1795933110);
INSERT INTO "key" VALUES('E6XyrvMYss',X'd59c8e9807e13c1acdf12c30b029b4fd06fb166e1499127c9ce454dbf4eaacad',161880773,'root',0,'key','','',0,'',1795933108,1795933108,0,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('MkqralOdPs',X'a5bb56e1d55a928d9cae79ecbddd5ddc667597ddbed52819742198c8b4ffb439',161880773,'root',0,'backup job','sshd Imap','192.0.2.0/24 2001:db8::/32',0,'',1795933109,1795933109,4102444800,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('Ro9wk6XiOQ',X'4468c61f3621ef107208a3af3cf6ff45808e0e283eeffafa12ea928f83f178d6',161880773,'bin',2,'another name','','',0,'',1795933109,1795933109,0,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('dmgtaPZ0H5',X'9f0cff76240f522cb36f81605d61e6aa60f60b237bc40118bd911e7da77546e9',161880773,'leaver',64321,'key','','',0,'',1795933109,1795933109,0,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('fUWxIejx2A',X'3c7d042d30e3a5360970d632fd053cc16238110c2e90415d6ba7fb70b8e186d9',161880773,'bin',2,'key','','',0,'',1795933109,1795933109,0,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('iIg0BrjL9F',X'2d678960c05995cfa7221a2220f258f72b6897f63d1b0b2403dee25e7a20f0b0',161880773,'bin',2,'overlap','','',0,'',1795933109,1795933109,0,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('m7wGSffRT6',X'070f52729f87f4df26160af6650fa85d7074634d4f32164f9b4ef26004beec73',161880773,'daemon',1,'key','','',1,'stolen, it is said',1795933109,1795933109,0,0,'','','','',0,0,1795933109);
CREATE TABLE key_use (  id TEXT PRIMARY KEY REFERENCES key (id) ON DELETE CASCADE,  last_at INTEGER NOT NULL,  service TEXT NOT NULL,  rhost TEXT NOT NULL,  uses INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO key_use VALUES('4mSVboBPSv',1795933109,'wfapikeyctl','',1);
INSERT INTO key_use VALUES('MkqralOdPs',1795933109,'Imap','2001:db8::7',2);
INSERT INTO key_use VALUES('Ro9wk6XiOQ',1795933109,'wfapikeyctl','',1);
INSERT INTO key_use VALUES('dmgtaPZ0H5',1795933115,'wfapikeyctl','',100);
INSERT INTO key_use VALUES('fUWxIejx2A',1795933109,'wfapikeyctl','',1);
CREATE TABLE account (  name TEXT PRIMARY KEY CHECK (name <> ''),  state INTEGER NOT NULL CHECK (state IN (1, 2)),  uid INTEGER NOT NULL,  local INTEGER NOT NULL,  admin INTEGER NOT NULL,  locked INTEGER NOT NULL,  password_ends_at INTEGER NOT NULL,  closes_at INTEGER NOT NULL,  gone_since INTEGER NOT NULL,  checked_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO account VALUES('bin',1,2,1,0,0,0,0,0,1795933109);
INSERT INTO account VALUES('daemon',1,1,1,0,0,0,0,0,1795933109);
INSERT INTO account VALUES('leaver',1,64321,0,0,0,0,0,0,0);
INSERT INTO account VALUES('root',1,0,1,1,0,0,0,0,1795933109);
CREATE TABLE audit (  seq INTEGER PRIMARY KEY,  at INTEGER NOT NULL,  until INTEGER NOT NULL,  count INTEGER NOT NULL,  uid INTEGER NOT NULL,  pid INTEGER NOT NULL,  owner_uid INTEGER NOT NULL,  event TEXT NOT NULL,  verdict TEXT NOT NULL,  door TEXT NOT NULL,  key TEXT NOT NULL,  user TEXT NOT NULL,  service TEXT NOT NULL,  rhost TEXT NOT NULL,  reason TEXT NOT NULL,  detail TEXT NOT NULL,  hash BLOB NOT NULL) STRICT;
INSERT INTO audit VALUES(1,1795933108,1795933108,1,4294967295,0,4294967295,'begun','done','daemon','','','','','','',X'0ecabb63498a90db557ddecc0b29629bdde75495cd7d48819d57079dc934ff3f');
INSERT INTO audit VALUES(2,1795933108,1795933108,1,0,20717,4294967295,'policy','done','control','','','','','','enabled=yes',X'92b33730e09e6e6969850aecc57587421d535cd4d35b98d496c99343f784509c');
INSERT INTO audit VALUES(3,1795933108,1795933108,1,0,20717,4294967295,'policy','done','control','','','','','','lifetime=none',X'b0f131809374e906081d2770362ce503a3661e15536e2869831b569a0b150190');
INSERT INTO audit VALUES(4,1795933108,1795933108,1,0,20717,4294967295,'policy','done','control','','','','','','max-keys-per-user=100',X'e6d566ddf880933d586e5917c1e6db63ab5e9429ce123527f9c59dea1b92f712');
INSERT INTO audit VALUES(5,1795933108,1795933108,1,0,20720,0,'issued','done','control','E6XyrvMYss','root','','','','',X'0d49fa5f6cb16f89efaa5e5958ba14be93c778e39b0844bddf6c60c7acdc6557');
INSERT INTO audit VALUES(6,1795933108,1795933108,1,0,20729,0,'issued','done','control','4mSVboBPSv','root','','','','',X'96d156882609724d58635a809fe8ce280f935ab99d7c041125b97eeab9d56c37');
INSERT INTO audit VALUES(7,1795933109,1795933109,1,0,20738,0,'issued','done','control','MkqralOdPs','root','','','','',X'58da9640ccc5b61670bc4645d41fafb6683210a5504b50a665e5a2bae11e83d7');
INSERT INTO audit VALUES(8,1795933109,1795933109,1,0,20755,1,'issued','done','control','m7wGSffRT6','daemon','','','','',X'4c95737a8b18d26ef9310520d7cfc9dd2c52013e2b362a03e27e05aff1d260dd');
INSERT INTO audit VALUES(9,1795933109,1795933109,1,0,20758,1,'revoked','done','control','m7wGSffRT6','daemon','','','','stolen, it is said',X'b6b74a616e74b2796bcb0af2a70e3176f566db1999893dce8e24eef57c5bac6d');
INSERT INTO audit VALUES(10,1795933109,1795933109,1,0,20762,1,'issued','done','control','nHC5LEHsV7','daemon','','','','',X'acd08315619911087e08d6f98a3d4f4d6772b290611b50f46a04af114d29b23c');
INSERT INTO audit VALUES(11,1795933109,1795933109,1,0,20765,1,'removed','done','control','nHC5LEHsV7','daemon','','','','',X'2a9b382f8aa35143f24827da49ee169954766f6fb4218588ee34c63e487d822e');
INSERT INTO audit VALUES(12,1795933109,1795933109,1,0,20769,2,'issued','done','control','fUWxIejx2A','bin','','','','',X'25284f01141a3e932458fe25806f570a5cd2cc7f401bc3ca17928939df91f7c3');
INSERT INTO audit VALUES(13,1795933109,1795933109,1,0,20784,2,'reset','done','control','fUWxIejx2A','bin','','','','',X'a3c83228345cf6586d39919f9b136f11271614d65df8ebc991b64e00591a2f74');
INSERT INTO audit VALUES(14,1795933109,1795933109,1,0,20799,2,'issued','done','control','Ro9wk6XiOQ','bin','','','','',X'a485fc2584d1c6bce3a78835f491bf319128c7f6fa89bbbf66ec6c2f571d0ed6');
INSERT INTO audit VALUES(15,1795933109,1795933109,1,0,20805,2,'renamed','done','control','Ro9wk6XiOQ','bin','','','','another name',X'ba7fa9b9a77f7b13363a336e52bc129b596c036e6d4124a401dae80fe7c97de1');
INSERT INTO audit VALUES(16,1795933109,1795933109,1,0,20810,0,'issued','done','control','BiMnRrgP2O','root','','','','',X'e718d610459b224bf8283cc01ff327caa30d84e04bfa944ddd994f56bae24d7c');
INSERT INTO audit VALUES(17,1795933109,1795933109,1,0,20824,2,'issued','done','control','iIg0BrjL9F','bin','','','','',X'35be55e9bdc6fa82f1cfa14215c47267ca8a8cacf04c5186873a8158aba92c30');
INSERT INTO audit VALUES(18,1795933109,1795933109,1,0,20835,2,'issued','done','control','00uDGz4YoQ','bin','','','','',X'5d5fdcc3c9fbf5b1c7ea484021974037989cf47ca154e6446ca1392f0aeaa824');
INSERT INTO audit VALUES(19,1795933109,1795933109,1,0,20845,64321,'issued','done','control','dmgtaPZ0H5','leaver','','','','',X'4f2dd4b17da62aef6960f6e0342ac6ee4f7309ef524e967e78be427b224c5e23');
INSERT INTO audit VALUES(20,1795933110,1795933110,1,4294967295,0,0,'expired','done','daemon','BiMnRrgP2O','root','','','','2026-11-29T06:18:30Z',X'75607b1b1b8ef241cf1d239becc9634220da5d643c80a2d9df47052e98045067');
INSERT INTO audit VALUES(21,1795933109,1795933109,1,0,20734,0,'login','accepted','verify','4mSVboBPSv','root','wfapikeyctl','','','',X'72386cd3bc66879e72647436fa6ccf74098e7057681c20ccb9c005f408f8d75a');
INSERT INTO audit VALUES(22,1795933109,1795933109,1,0,20736,0,'login','refused','verify','4mSVboBPSv','root','wfapikeyctl','','other-user','for user ''daemon''',X'15222b256306090c0ea3a96ed3214a9ae3821c9adb860c76a72d9a4ba8184799');
INSERT INTO audit VALUES(23,1795933109,1795933109,1,0,20744,0,'login','accepted','verify','MkqralOdPs','root','sshd','192.0.2.7','','',X'6957f2ab3f16027dc9100306132d3345a7a94221b999fdb522df95c9833a1cca');
INSERT INTO audit VALUES(24,1795933109,1795933109,1,0,20746,0,'login','accepted','verify','MkqralOdPs','root','Imap','2001:db8::7','','',X'93188ec41cba9b921af8d9f9464ea0025b7f41b3471f230d0b10b09d801ecaa3');
INSERT INTO audit VALUES(25,1795933109,1795933109,1,0,20748,0,'login','refused','verify','MkqralOdPs','root','ftp','192.0.2.7','service','',X'd9dba630ee4c1d242305f521f8ec22c65921ce697e4d3a29bd70d23102a7ae9e');
INSERT INTO audit VALUES(26,1795933109,1795933109,1,0,20751,0,'login','refused','verify','MkqralOdPs','root','sshd','192.0.3.7','source','',X'95ffc337541709ae81fdd432b31765d5fe935a61636c17294f018c92a4f4bba4');
INSERT INTO audit VALUES(27,1795933109,1795933109,1,0,20753,0,'login','refused','verify','MkqralOdPs','root','sshd','','source-unknown','',X'21771a9d717709e7d8116348529ec616b125f08475305aa1eb2896923d5553c5');
INSERT INTO audit VALUES(28,1795933109,1795933109,1,0,20760,1,'login','refused','verify','m7wGSffRT6','daemon','wfapikeyctl','','revoked','',X'662748830e1fd9ba58bd1d44c59fa286d3d4784b879695461b3f58bacadd68e6');
INSERT INTO audit VALUES(29,1795933109,1795933109,1,0,20767,4294967295,'login','refused','verify','nHC5LEHsV7','daemon','wfapikeyctl','','unknown-key','',X'ef63a6638d74c3d8849ee2957373887b49b3dcc13f695d93600f09dafc238f98');
INSERT INTO audit VALUES(30,1795933109,1795933109,1,0,20792,2,'login','refused','verify','fUWxIejx2A','bin','wfapikeyctl','','wrong-secret','',X'c8ea3e37a0e18aa866096e9b1be03da07388cc412936a76f1b323d66055d18a1');
INSERT INTO audit VALUES(31,1795933109,1795933109,1,0,20795,2,'login','accepted','verify','fUWxIejx2A','bin','wfapikeyctl','','','',X'bb7fa794da8e8c8178c9a0e85a3d15510b0901ef43c51a258299840f9fe329d5');
INSERT INTO audit VALUES(32,1795933109,1795933109,1,0,20808,2,'login','accepted','verify','Ro9wk6XiOQ','bin','wfapikeyctl','','','',X'29808c0bf0bab5414217a1176a8655225eced88cc7c6c68c2f742e6c69680c51');
INSERT INTO audit VALUES(33,1795933109,1795933110,26,0,21219,64321,'login','accepted','verify','dmgtaPZ0H5','leaver','wfapikeyctl','','','',X'153cc6bf46e62c38f3228fc6f8c316aef90b2d83aa124d7c43f3b1ed1037e8fb');
INSERT INTO audit VALUES(34,1795933115,1795933115,1,0,22520,0,'login','refused','verify','BiMnRrgP2O','root','wfapikeyctl','','expired','',X'5450caa8820b6415cd7fd2a78b87a80834222bcbedebe16b4e4d652012824a45');
INSERT INTO audit VALUES(35,1795933110,1795933115,74,0,22457,64321,'login','accepted','verify','dmgtaPZ0H5','leaver','wfapikeyctl','','','',X'2b6524151b5f7634da0d02abbbe9ee818e4439b432a25e2ee32cd4aee8eed009');
CREATE TABLE audit_chain (  id INTEGER PRIMARY KEY CHECK (id = 1),  base_seq INTEGER NOT NULL,  base_hash BLOB NOT NULL,  head_seq INTEGER NOT NULL,  head_hash BLOB NOT NULL,  mac BLOB NOT NULL) STRICT;
INSERT INTO audit_chain VALUES(1,0,X'0000000000000000000000000000000000000000000000000000000000000000',35,X'2b6524151b5f7634da0d02abbbe9ee818e4439b432a25e2ee32cd4aee8eed009',X'7985decc5def61c415e72fc4d2c9052fc5aebbfa531d0e1a3ef4600fc1225b10');
CREATE INDEX key_owner ON key (owner);
CREATE INDEX key_ends ON key (ends_at) WHERE dead_at = 0;
CREATE INDEX key_made ON key (created_at) WHERE dead_at = 0 AND expires_at = 0;
CREATE INDEX key_dead ON key (dead_at) WHERE dead_at <> 0;
CREATE INDEX key_epoch ON key (epoch);
CREATE INDEX key_linked ON key (linked) WHERE linked <> '';
CREATE INDEX account_uid ON account (uid);
CREATE INDEX account_password ON account (password_ends_at) WHERE password_ends_at <> 0;
CREATE INDEX audit_key ON audit (key) WHERE key <> '';
CREATE INDEX audit_user ON audit (user) WHERE user <> '';
COMMIT;
