import { memo } from 'react';

export interface Props { readonly title: string }

export const Title = ({ title }: Props) => <h1 className="title">{title}</h1>;

export default function Page(props: Props) {
  const [open, setOpen] = useState(false);
  return <Layout.Main onClick={() => setOpen(true)}><Title title={props.title} /></Layout.Main>;
}

class Old extends React.Component<Props> {
  state = {};
  render() { return <Title {...this.props} />; }
}
