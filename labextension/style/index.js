import './base.css';
import './catalog.css';
import './files.css';
import './panel.css';
import './clusters.css';
import './chip.css';
import './filetree.css';
